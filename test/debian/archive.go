package debian

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	debversion "github.com/knqyf263/go-deb-version"
)

// Archive is Debian's archive for one architecture, read through an apt
// configuration of its own: it neither uses nor changes the host's apt state.
type Archive struct {
	Arch  string // Debian's name of the architecture: amd64, arm64
	cache string // directory of downloads
	state string // directory of apt's state
}

// OpenArchive opens the archive with these suites and updates its package lists.
// Downloads and apt's state are kept in the directory cache. Without a network it
// uses the lists it has.
func OpenArchive(ctx context.Context, cache, arch string, suites ...string) (*Archive, error) {
	mirrors, err := FindMirrors()
	if err != nil {
		return nil, err
	}
	a := &Archive{Arch: arch, cache: cache, state: filepath.Join(cache, "apt-"+arch)}
	for _, dir := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.state, dir), 0o755); err != nil {
			return nil, err
		}
	}
	for name, content := range map[string]string{"sources.list": mirrors.sources(suites), "status": ""} {
		if err := os.WriteFile(filepath.Join(a.state, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	unlock, err := Lock(a.state)
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, err = a.apt(ctx, "", "apt-get", "update")
	return a, err
}

// Newest returns the package with the highest version among those whose name
// matches the regular expression and whose version has the prefix.
func (a *Archive) Newest(ctx context.Context, name, prefix string) (found, version string, err error) {
	versions, err := a.Versions(ctx, name)
	if err != nil {
		return "", "", err
	}
	var highest debversion.Version
	for n, v := range versions {
		parsed, err := debversion.NewVersion(v)
		if err != nil {
			return "", "", fmt.Errorf("version of %s: %w", n, err)
		}
		if strings.HasPrefix(v, prefix) && (found == "" || parsed.GreaterThan(highest)) {
			found, version, highest = n, v, parsed
		}
	}
	if found == "" {
		return "", "", fmt.Errorf("no package %s of version %s*", name, prefix)
	}
	return found, version, nil
}

// Versions returns the newest version of each package whose name matches the
// regular expression.
func (a *Archive) Versions(ctx context.Context, name string) (map[string]string, error) {
	out, err := a.apt(ctx, "", "apt-cache", "search", "--names-only", name)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(out) {
		names = append(names, strings.Fields(line)[0])
	}
	versions := map[string]string{}
	if len(names) == 0 {
		return versions, nil
	}
	// name | version | suite, the newest version first
	if out, err = a.apt(ctx, "", "apt-cache", append([]string{"madison"}, names...)...); err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		column := strings.Split(line, "|")
		if n := strings.TrimSpace(column[0]); len(column) == 3 && versions[n] == "" {
			versions[n] = strings.TrimSpace(column[1])
		}
	}
	return versions, nil
}

// InSuite returns the version of a package in a suite, or "" if the suite has no such
// package.
func (a *Archive) InSuite(ctx context.Context, name, suite string) (version string, err error) {
	out, err := a.apt(ctx, "", "apt-cache", "madison", name)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		// name | version | URL SUITE/main ARCHITECTURE Packages
		column := strings.Split(line, "|")
		if len(column) == 3 && strings.Contains(column[2], " "+suite+"/main ") {
			return strings.TrimSpace(column[1]), nil
		}
	}
	return "", nil
}

// Unpack returns a directory with the files of the packages. The key names the
// directory in the cache: packages are downloaded once for each key.
func (a *Archive) Unpack(ctx context.Context, key string, packages ...string) (string, error) {
	return a.unpack(ctx, key, func(into string) error {
		_, err := a.apt(ctx, into, "apt-get", append([]string{"download"}, packages...)...)
		return err
	})
}

// UnpackWithDependencies is Unpack for the packages and all that they depend on.
func (a *Archive) UnpackWithDependencies(ctx context.Context, key string, packages ...string) (string, error) {
	return a.unpack(ctx, key, func(into string) error {
		_, err := a.apt(ctx, into, "apt-get", append([]string{
			"install", "--download-only", "--yes", "--no-install-recommends", "-o", "Dir::Cache::Archives=" + into + "/",
		}, packages...)...)
		return err
	})
}

// unpack returns the directory of a key in the cache. If there is none yet, get puts
// the packages into a directory, from which it is made.
func (a *Archive) unpack(ctx context.Context, key string, get func(into string) error) (string, error) {
	return Cached(a.cache, key, func(work string) (string, error) {
		if err := get(work); err != nil {
			return "", err
		}
		debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
		if err != nil {
			return "", err
		}
		files := filepath.Join(work, "files")
		for _, deb := range debs {
			if _, err := Output(exec.CommandContext(ctx, "dpkg", "-x", deb, files)); err != nil {
				return "", err
			}
		}
		return files, nil
	})
}

// apt runs one of apt's programs in a directory and returns its output.
func (a *Archive) apt(ctx context.Context, dir, program string, args ...string) (string, error) {
	options := []string{"-q",
		"-o", "Dir::State=" + a.state,
		"-o", "Dir::State::lists=" + a.state + "/lists",
		"-o", "Dir::State::status=" + a.state + "/status",
		"-o", "Dir::Cache=" + a.state,
		"-o", "Dir::Cache::pkgcache=pkgcache.bin", // images of containers have none
		"-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin",
		"-o", "Dir::Etc::sourcelist=" + a.state + "/sources.list",
		"-o", "Dir::Etc::sourceparts=-",
		"-o", "APT::Architecture=" + a.Arch,
		"-o", "APT::Architectures=" + a.Arch,
		"-o", "APT::Sandbox::User=root", // apt's own user cannot write here
		"-o", "Acquire::Languages=none",
		"-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"-o", "Acquire::Check-Valid-Until=false", // a mirror may be of another day
		"-o", "Acquire::Retries=3",
	}
	cmd := exec.CommandContext(ctx, program, slices.Concat(options, args)...)
	cmd.Dir = dir
	return Output(cmd)
}
