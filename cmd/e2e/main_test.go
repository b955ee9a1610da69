// Package e2e starts containers with real engines and runtimes while the real
// probes are attached, and compares what the exporter reports with what the
// engine, /proc and an independent observer show. It needs root and the packages
// in .ci/packages.
//
// The tests use the exporter only as users do: its command line, its JSON, its
// metrics and its traces. They share one Docker daemon (docker_test), bundles for
// bare runtimes (bundle_test) and the observer (oracle_test).
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// workDir is the directory of this run, which is removed at its end.
var workDir string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	var err error
	workDir, err = os.MkdirTemp("", "cse-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make the working directory:", err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(workDir); err != nil { // something is still mounted there
			fmt.Fprintln(os.Stderr, "clean up:", err)
			code = 1
		}
	}()
	if err := os.Chmod(workDir, 0o755); err != nil { // other users execute programs in it
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := daemon.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "clean up after dockerd:", err)
			code = 1
		}
	}()
	return m.Run()
}

// needRoot skips a test that loads probes or starts containers if it does not run
// as root.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: no probes can be loaded and no containers started")
	}
}

// waitFor polls until condition is true. If that takes longer than timeout, it
// fails the test with what it waited for and the text that explain returns.
func waitFor(t *testing.T, timeout time.Duration, what string, condition func() bool, explain func() string) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s\n%s", timeout, what, explain())
		}
	}
}

// writeFile writes a file for one test and returns its path.
func writeFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}
