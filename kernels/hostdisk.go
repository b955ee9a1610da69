package kernels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// hostDiskSize is that of the filesystem, of which the image on the host
// takes what is written.
const hostDiskSize = "1G"

// MakeHostDisk makes the image of a root that has programs of this host, by
// name or path, where the host has them, with the libraries that they need.
func MakeHostDisk(ctx context.Context, image string, programs ...string) error {
	root, err := os.MkdirTemp(filepath.Dir(image), "root-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := mergeUsr(root); err != nil {
		return err
	}
	for _, program := range programs {
		if err := install(ctx, root, program); err != nil {
			return fmt.Errorf("put %s on the disk: %w", program, err)
		}
	}
	_, err = output(exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-d", root, image, hostDiskSize))
	return err
}

// mergeUsr lays out a root as Debian does.
func mergeUsr(root string) error {
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		err := errors.Join(os.MkdirAll(filepath.Join(root, "usr", dir), 0o755),
			os.Symlink("usr/"+dir, filepath.Join(root, dir)))
		if err != nil {
			return err
		}
	}
	return nil
}

func install(ctx context.Context, root, program string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return err
	}
	needed, err := libraries(ctx, path)
	if err != nil {
		return err
	}
	for _, file := range append(needed, path) {
		if err := copyFile(file, filepath.Join(root, file)); err != nil {
			return err
		}
	}
	return nil
}

var libraryPath = regexp.MustCompile(`(?m)(/\S+) \(0x[0-9a-f]+\)$`)

// libraries returns the paths of the shared libraries that a program is loaded
// with, and of the loader.
func libraries(ctx context.Context, program string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "ldd", program)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, nil // a static one
	} else if err != nil {
		return nil, err
	}
	var paths []string
	for _, found := range libraryPath.FindAllSubmatch(out, -1) {
		paths = append(paths, string(found[1]))
	}
	return paths, nil
}

// copyFile copies a file, or what it is a link to.
func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
