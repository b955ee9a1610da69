package e2e

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestFailureMatrix makes each runtime fail in each way: each is one failed start,
// in the phase where the failure happened, and the metrics agree.
func TestFailureMatrix(t *testing.T) {
	host.NeedRoot(t)
	for name, r := range bareRuntimes(t) {
		t.Run(name, func(t *testing.T) { checkFailureMatrix(t, serve(t), watch(t), r, failureCases) })
	}
}

func checkFailureMatrix(t *testing.T, s *server, w *watcher, r bareRuntime, cases []failureCase) {
	t.Helper()
	before := s.scrape(t)
	failedIn := map[string]float64{}
	for _, f := range cases {
		expected := f.failure(r.name)
		t.Run(f.name+", run", func(t *testing.T) {
			failedIn[expected.run]++
			id, dir := newID(t, r.name), failingBundle(t, f)
			if res := execute(t, r.cmd("run", "--bundle", dir, id)); res.code == 0 {
				t.Fatalf("%s run succeeds", r.name)
			}
			checkFailedFor(t, w, id, expected.run, expected.errorTypes)
		})
		t.Run(f.name+", create", func(t *testing.T) {
			failedIn[expected.steps]++
			id, dir := newID(t, r.name), failingBundle(t, f)
			startInSteps(t, r, id, dir, expected.steps == "start")
			checkFailedFor(t, w, id, expected.steps, expected.errorTypes)
		})
	}
	checkFailureCounts(t, s, before, r.name, failedIn)
}

// startInSteps creates a container, and starts it if it can be created.
func startInSteps(t *testing.T, r bareRuntime, id, dir string, created bool) {
	t.Helper()
	code := runQuiet(t, r.cmd("create", "--bundle", dir, id))
	if created != (code == 0) {
		t.Fatalf("%s create exits with %d", r.name, code)
	}
	if created {
		// runc start may exit before the entrypoint's exec succeeds or fails.
		runQuiet(t, r.cmd("start", id))
		t.Cleanup(func() { runQuiet(t, r.cmd("delete", "--force", id)) })
	}
}

// runQuiet runs a command without its outputs, which processes that it leaves
// behind keep open, and returns its exit code.
func runQuiet(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cmd.Stdout, cmd.Stderr = null, null
	return execute(t, cmd).code
}

func failingBundle(t *testing.T, f failureCase) string {
	t.Helper()
	dir := bundle(t, "/bin/sleep", "300")
	host.ChangeSpec(t, dir, func(spec map[string]any) { f.change(t, spec) })
	return dir
}

// checkFailedFor checks that a container has one start, which failed in a phase and
// with one of the error types.
func checkFailedFor(t *testing.T, w *watcher, id, in string, errorTypes []string) {
	t.Helper()
	one := w.wait(t, id)[id]
	checkFailed(t, one, in)
	if !slices.Contains(errorTypes, one.ErrorType) {
		t.Errorf("error.type %q: %s; want one of %v", one.ErrorType, one.Error, errorTypes)
	}
}

// checkFailureCounts checks that the metrics count these numbers of failures by
// phase, once all starts have ended.
func checkFailureCounts(t *testing.T, s *server, before metrics, runtime string, failedIn map[string]float64) {
	t.Helper()
	bare := scrape.Labels{"engine": "none", "runtime": runtime, "kind": "container"}
	var all float64
	for _, n := range failedIn {
		all += n
	}
	var after metrics
	host.WaitFor(t, 15*time.Second, "the failures to be counted", func() bool {
		after = s.scrape(t)
		return increase(before, after, "container_starts_total", bare) >= all
	}, s.Stderr.String)
	for _, name := range append([]string{"prepare", "shim"}, phases("runc", "hooks")...) {
		selector := scrape.Labels{"engine": "none", "runtime": runtime, "kind": "container", "phase": name}
		if n := increase(before, after, "container_start_failures_total", selector); n != failedIn[name] {
			t.Errorf("%v failures counted in %s; want %v", n, name, failedIn[name])
		}
	}
	if n := increase(before, after, "container_starts_total", bare); n != all {
		t.Errorf("%v starts counted; want %v", n, all)
	}
	if n := increase(before, after, "container_starts_incomplete_total", nil); n != 0 {
		t.Errorf("%v starts incomplete", n)
	}
	host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	}, s.Stderr.String)
}
