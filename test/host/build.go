package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

const exporterPackage = "container_start_exporter/cmd/container_start_exporter"

// Exporter returns the path of the exporter's binary. If the tests run under the
// race detector, so does the binary, and it needs the host's C library.
func Exporter(t testing.TB) string {
	t.Helper()
	return build(t, program{".", exporterPackage, raceDetector})
}

// StaticExporter returns the path of the exporter's binary as users have it: static
// and without the race detector, which makes system calls of its own.
func StaticExporter(t testing.TB) string {
	t.Helper()
	return Build(t, exporterPackage)
}

// Build returns the path of the binary of a package of this module: static, so
// that it runs in any root file system, and without debugging information. It is
// built once per test process, and executable by every user. The package's TestMain
// has to call Main.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	return build(t, program{".", pkg, false})
}

// BuildModule returns the path of the binary of the main package in the directory
// of a nested module: see Build.
func BuildModule(t testing.TB, dir string) string {
	t.Helper()
	return build(t, program{dir, ".", false})
}

// BuildTool returns the path of the binary of a package that the nested module in a
// directory has as a tool: see Build.
func BuildTool(t testing.TB, dir, pkg string) string {
	t.Helper()
	return build(t, program{dir, pkg, false})
}

// program is what the tests build: a package as it is named in a directory, with the
// race detector or without.
type program struct {
	dir, pkg string
	race     bool
}

// built holds the program's build, a func() (string, error), by program.
var built sync.Map

func build(t testing.TB, p program) string {
	t.Helper()
	once, _ := built.LoadOrStore(p, sync.OnceValues(p.build))
	path, err := once.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (p program) build() (string, error) {
	parent, err := os.MkdirTemp(Dir(), "build-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(parent, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(parent, filepath.Base(filepath.Join(p.dir, p.pkg)))
	flags, cgo := []string{"-buildvcs=false", "-ldflags=-s -w", "-o", path}, "CGO_ENABLED=0"
	if p.race {
		flags, cgo = append(flags, "-race"), "CGO_ENABLED=1"
	}
	cmd := exec.Command("go", slices.Concat([]string{"build"}, flags, []string{p.pkg})...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s in %s: %w\n%s", p.pkg, p.dir, err, out)
	}
	return path, nil
}
