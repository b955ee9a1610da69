package kernels

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Newest stands for the series of the newest kernel in the archive.
const Newest = "newest"

// Kernel is one of Debian's cloud kernels, unpacked.
type Kernel struct {
	Series  string // 6.12, newest
	Arch    string // Debian's name of the architecture
	Release string // as uname -r prints it
	Version string // of the package
	Image   string // path of vmlinuz
	Modules Modules
	Busybox string // path of a static busybox for the architecture
}

// Kernel returns the newest kernel of a series, and downloads it unless it is in
// the cache.
func (a *Archive) Kernel(ctx context.Context, series string) (Kernel, error) {
	prefix := series + "."
	if series == Newest {
		prefix = ""
	}
	image, version, err := a.Newest(ctx, "^linux-image-[0-9.]+[0-9][^ ]*-cloud-"+a.Arch+"$", prefix)
	if err != nil {
		return Kernel{}, err
	}
	k := Kernel{Series: series, Arch: a.Arch, Version: version, Release: strings.TrimPrefix(image, "linux-image-")}
	// since 6.19 the image package has no files of its own
	parts, err := a.Versions(ctx, "^linux-(base|binary|image|modules)-"+regexp.QuoteMeta(k.Release)+"$")
	if err != nil {
		return Kernel{}, err
	}
	dir, err := a.Unpack(ctx, "linux-"+k.Release+"_"+version, slices.Collect(maps.Keys(parts))...)
	if err != nil {
		return Kernel{}, err
	}
	if k.Image, err = one(dir+"/boot/vmlinuz-*", dir+"/usr/lib/modules/*/vmlinuz"); err != nil {
		return Kernel{}, err
	}
	modules, err := one(dir+"/lib/modules/*", dir+"/usr/lib/modules/*")
	if err != nil {
		return Kernel{}, err
	}
	if k.Modules, err = findModules(modules); err != nil {
		return Kernel{}, err
	}
	k.Busybox, err = a.busybox(ctx)
	return k, err
}

func (a *Archive) busybox(ctx context.Context) (string, error) {
	const name = "busybox-static"
	_, version, err := a.Newest(ctx, "^"+name+"$", "")
	if err != nil {
		return "", err
	}
	dir, err := a.Unpack(ctx, name+"-"+a.Arch+"_"+version, name+"="+version)
	if err != nil {
		return "", err
	}
	return one(dir+"/bin/busybox", dir+"/usr/bin/busybox")
}

// String returns the release and the version, to be logged.
func (k Kernel) String() string { return "Linux " + k.Release + " (" + k.Version + ")" }

// atLeast returns whether the kernel's version is at least major.minor.
func (k Kernel) atLeast(major, minor int) bool {
	var has [2]int
	if _, err := fmt.Sscanf(k.Release, "%d.%d", &has[0], &has[1]); err != nil {
		panic(err) // Debian's releases begin so
	}
	return slices.Compare(has[:], []int{major, minor}) >= 0
}

// one returns the single file that matches any of the patterns; if more or fewer
// match, that is an error.
func one(patterns ...string) (string, error) {
	var found []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, files...)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d files match %s, want 1", len(found), strings.Join(patterns, ", "))
	}
	return found[0], nil
}
