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
)

// Image is a disk with a Debian of a suite on it.
type Image struct {
	Suite    string
	Packages []string // beside those that every Debian has
}

// imageSize is that of the disk in bytes, of which what is not used takes no
// room on this host.
const imageSize = 1 << 30

// leftOut is what nobody reads in a machine.
var leftOut = []string{"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"}

// Path makes the image, as ext4 in raw format, unless it is in the cache. It
// stays as it is until its packages are others: it is not brought up to date.
func (i Image) Path(ctx context.Context) (string, error) {
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	unlock, err := lock(cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(cache, i.name())
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	work, err := os.MkdirTemp(cache, "image-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made := filepath.Join(work, "image")
	if err := i.make(ctx, filepath.Join(work, "root"), made); err != nil {
		return "", fmt.Errorf("make an image of %s: %w", i.Suite, err)
	}
	return path, os.Rename(made, path)
}

// name is that of what goes into the image.
func (i Image) name() string {
	sum := sha256.Sum256(fmt.Appendln(nil, i.arguments("", "")))
	return fmt.Sprintf("%s-%x.ext4", i.Suite, sum[:6])
}

// arguments are those of mmdebstrap, which makes a directory of what a mirror
// has.
func (i Image) arguments(mirror, root string) []string {
	args := []string{
		"--quiet", "--mode=root", "--variant=apt", "--format=directory",
		"--include=" + strings.Join(i.Packages, ","),
		`--aptopt=APT::Install-Recommends "false"`,
		`--aptopt=Acquire::Retries "3"`,
	}
	for _, path := range leftOut {
		args = append(args, "--dpkgopt=path-exclude="+path)
	}
	return append(args, i.Suite, root, "deb "+mirror+" "+i.Suite+" main")
}

func (i Image) make(ctx context.Context, root, image string) error {
	mirrors, err := findMirrors()
	if err != nil {
		return err
	}
	if _, err := output(exec.CommandContext(ctx, "mmdebstrap", i.arguments(mirrors.debian, root)...)); err != nil {
		return err
	}
	f, err := os.Create(image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(imageSize), f.Close()); err != nil {
		return err
	}
	_, err = output(exec.CommandContext(ctx, "mke2fs", "-q", "-t", "ext4", "-d", root, image))
	return err
}
