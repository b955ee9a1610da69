// Package e2e starts containers with real engines and runtimes under the real
// probes, and compares what the exporter says with what the engine, /proc and
// an independent observer say. It needs root, and the packages in .ci/packages.
//
// The tests know the exporter only as its users do: by its command line, its
// JSON, its metrics and its traces. They share one Docker daemon (docker_test),
// bundles for bare runtimes (bundle_test) and the observer (oracle_test).
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// workDir is the run's directory, removed at its end.
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
	if err := os.Chmod(workDir, 0o755); err != nil { // others than root execute what is in it
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

// needRoot skips a test that loads probes or starts containers.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: no probes can be loaded and no containers started")
	}
}

// waitFor polls until condition holds, and fails the test with what it waited
// for, and what explain says, when it does not within timeout.
func waitFor(t *testing.T, timeout time.Duration, what string, condition func() bool, explain func() string) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s\n%s", timeout, what, explain())
		}
	}
}

// writeFile writes a file for one test and gives its path.
func writeFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}
