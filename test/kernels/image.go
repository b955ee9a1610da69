package kernels

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"container_start_exporter/test/debian"
)

// Image is a disk image with a Debian suite installed on it.
type Image struct {
	Suite    string
	Packages []string // in addition to those that every Debian has
}

// imageSize is the size of the disk in bytes. The file is sparse: unused blocks
// take no space on this host.
const imageSize = 1 << 30

// excluded are the paths that nothing in a machine reads.
var excluded = []string{"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"}

// Path returns the path of the image, ext4 in raw format, and makes it unless it
// is in the cache. A cached image is used until the list of its packages
// changes: it is never upgraded.
func (i Image) Path(ctx context.Context) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	return debian.Cached(cache, i.name(), func(work string) (string, error) {
		made := filepath.Join(work, "image")
		if err := i.make(ctx, filepath.Join(work, "root"), made); err != nil {
			return "", fmt.Errorf("make an image of %s: %w", i.Suite, err)
		}
		return made, nil
	})
}

// name returns the image's file name, which depends on everything that goes into
// it.
func (i Image) name() string {
	sum := sha256.Sum256(fmt.Appendln(nil, i.arguments("", "")))
	return fmt.Sprintf("%s-%x.ext4", i.Suite, sum[:6])
}

// arguments returns the arguments of mmdebstrap, which installs the packages of
// a mirror into a directory.
func (i Image) arguments(mirror, root string) []string {
	args := []string{
		"--quiet", "--mode=root", "--variant=apt", "--format=directory",
		"--include=" + strings.Join(i.Packages, ","),
		`--aptopt=APT::Install-Recommends "false"`,
		`--aptopt=Acquire::Retries "3"`,
	}
	for _, path := range excluded {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	return append(args, i.Suite, root, "deb "+mirror+" "+i.Suite+" main")
}

func (i Image) make(ctx context.Context, root, image string) error {
	mirrors, err := debian.FindMirrors()
	if err != nil {
		return err
	}
	if _, err := debian.Output(exec.CommandContext(ctx, "mmdebstrap", i.arguments(mirrors.Debian, root)...)); err != nil {
		return err
	}
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(imageSize), f.Close()); err != nil {
		return err
	}
	_, err = debian.Output(exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-d", root, image))
	return err
}
