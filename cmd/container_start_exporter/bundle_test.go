package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/test/host"
)

// newBundle creates a bundle of a container that exits at the end of its standard
// input, and returns its directory. The entrypoint is the exporter itself, which
// needs no other file.
func newBundle(t *testing.T, mode os.FileMode) string {
	t.Helper()
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("runc is not installed (package runc)")
	}
	dir, err := os.MkdirTemp("", "bundle") // unlike t.TempDir, other users can reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("runc", "spec", "--bundle", dir).CombinedOutput(); err != nil {
		t.Fatalf("runc spec: %v\n%s", err, out)
	}
	config := filepath.Join(dir, "config.json")
	var spec map[string]any
	content, err := os.ReadFile(config)
	if err == nil {
		err = json.Unmarshal(content, &spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	process := spec["process"].(map[string]any)
	process["terminal"], process["rlimits"], process["args"] = false, []any{}, []string{"/" + program, "replay", "-"}
	spec["root"].(map[string]any)["path"] = filepath.Dir(host.StaticExporter(t))
	if content, err = json.Marshal(spec); err == nil {
		err = os.WriteFile(config, content, mode)
	}
	if err = errors.Join(err, os.Chmod(config, mode)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPrivilegesToReadBundles checks that bundles are read by the two capabilities
// that are not dropped: one for files, one for other mount namespaces.
func TestPrivilegesToReadBundles(t *testing.T) {
	needRoot(t)
	private, public := newBundle(t, 0o600), newBundle(t, 0o644)
	for _, tc := range []struct {
		user         int
		capabilities []string
	}{
		{0, allCapabilities[:3]}, {nobody, allCapabilities}, {nobody, without(allCapabilities, "SYS_PTRACE")}, {nobody, without(allCapabilities, "DAC_READ_SEARCH")}, {nobody, allCapabilities[:2]},
	} {
		ptrace := slices.Contains(tc.capabilities, "SYS_PTRACE")
		files := tc.user == 0 || slices.Contains(tc.capabilities, "DAC_READ_SEARCH")
		for _, elsewhere := range []bool{false, true} {
			t.Run(fmt.Sprint(tc, elsewhere), func(t *testing.T) {
				var want []string
				for _, b := range []struct {
					path string
					read bool
				}{
					{public, ptrace || !elsewhere}, {public, ptrace}, // by an absolute path, and by a relative one
					{private, files && (ptrace || !elsewhere)}, {private, files && ptrace},
				} {
					if b.read {
						want = append(want, b.path)
					}
				}
				cmd := host.AsUser(t, tc.user, tc.capabilities, host.Exporter(t), "events", "--format=json")
				if elsewhere {
					cmd = exec.Command("unshare", append([]string{"--mount"}, cmd.Args...)...)
				}
				if got := bundlesRead(t, cmd, public, private); !slices.Equal(got, want) {
					t.Errorf("read %q; want %q", got, want)
				}
			})
		}
	}
}

// bundlesRead starts two containers of each bundle, one by the bundle's absolute
// path and one by a relative path, and returns the bundles that events reports.
func bundlesRead(t *testing.T, events *exec.Cmd, bundles ...string) (read []string) {
	t.Helper()
	stdout, err := events.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := events.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := events.Start(); err != nil {
		t.Fatal(err)
	}
	defer events.Process.Kill()
	if _, err := stderr.Read(make([]byte, 1)); err != nil { // "attached: ..."
		t.Fatal(err)
	}
	executed := make(chan struct{}, 8) // one for each entrypoint
	ended := make(chan error)
	go func() {
		ended <- event.Read(stdout, func(e *event.Event) {
			switch {
			case e.Kind == event.KindBundle && slices.Contains(bundles, e.Path):
				read = append(read, e.Path)
			case e.Kind == event.KindExec && e.File == "/"+program:
				executed <- struct{}{}
			}
		})
	}()
	for i, bundle := range bundles {
		for _, path := range []string{bundle, "."} {
			id := fmt.Sprintf("privileges-%d-%d-%d", os.Getpid(), i, len(path))
			start := exec.Command("runc", "run", "--bundle", path, id)
			start.Dir = bundle
			runUntilSeen(t, start, executed)
		}
	}
	if err := events.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stderr)
	if err := events.Wait(); err != nil {
		t.Fatal(err)
	}
	return read
}

// runUntilSeen runs a container, and ends it only when the exec of its entrypoint
// is reported: until then /proc has its runtime.
func runUntilSeen(t *testing.T, start *exec.Cmd, executed <-chan struct{}) {
	t.Helper()
	stdin, err := start.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	start.Stderr = &stderr
	if err := start.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-executed:
	case <-time.After(20 * time.Second):
		t.Error("the exec of the entrypoint is not reported")
	}
	stdin.Close()
	if err := start.Wait(); err != nil {
		t.Errorf("%v: %v\n%s", start.Args, err, stderr.String())
	}
}
