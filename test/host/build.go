package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Exporter returns the path of the exporter's binary.
func Exporter(t testing.TB) string {
	t.Helper()
	return Build(t, "container_start_exporter/cmd/container_start_exporter")
}

// Build returns the path of the binary of a package of this module: static, so
// that it runs in any root file system, and without debugging information. It is
// built once per test process, and executable by every user. The package's TestMain
// has to call Main.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	return build(t, ".", pkg)
}

// BuildModule returns the path of the binary of the main package in the directory
// of a nested module: see Build.
func BuildModule(t testing.TB, dir string) string {
	t.Helper()
	return build(t, dir, ".")
}

// program is what the tests build: a package as it is named in a directory.
type program struct{ dir, pkg string }

// built holds the program's build, a func() (string, error), by program.
var built sync.Map

func build(t testing.TB, dir, pkg string) string {
	t.Helper()
	p := program{dir, pkg}
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
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, p.pkg)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s in %s: %w\n%s", p.pkg, p.dir, err, out)
	}
	return path, nil
}
