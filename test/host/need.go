package host

import (
	"os"
	"os/exec"
	"testing"
)

// NeedRoot skips a test that loads probes or starts containers if it does not run
// as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: no probes can be loaded and no containers started")
	}
}

// NeedProgram returns the path of a program in PATH. It skips the test if the
// program, which is in a Debian package, is not installed.
func NeedProgram(t testing.TB, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (package %s)", name, pkg)
	}
	return path
}

// NeedFile skips a test if a file of a Debian package is missing.
func NeedFile(t testing.TB, path, pkg string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is missing (package %s)", path, pkg)
	}
}
