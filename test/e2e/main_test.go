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
	"os"
	"path/filepath"
	"testing"

	"container_start_exporter/test/host"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m, host.StopDocker)) }

// writeFile writes a file for one test and returns its path.
func writeFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}
