package e2e

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// TestFailureMatrix makes each runtime fail in each way: each is one failed
// start, in the phase that it died in, and the metrics say the same.
func TestFailureMatrix(t *testing.T) {
	needRoot(t)
	for name, r := range bareRuntimes(t) {
		t.Run(name, func(t *testing.T) {
			s, w := serve(t), watch(t)
			before := s.scrape(t)
			died := map[string]float64{}
			for _, f := range failures {
				death := f.death(r.name)
				t.Run(f.name+", run", func(t *testing.T) {
					died[death.run]++
					id, dir := newID(t, r.name), failingBundle(t, f)
					if res := execute(t, r.cmd("run", "--bundle", dir, id)); res.code == 0 {
						t.Fatalf("%s run succeeds", r.name)
					}
					checkFailedFor(t, w, id, death.run, death.errorTypes)
				})
				t.Run(f.name+", create", func(t *testing.T) {
					died[death.steps]++
					id, dir := newID(t, r.name), failingBundle(t, f)
					startInSteps(t, r, id, dir, death.steps == "start")
					checkFailedFor(t, w, id, death.steps, death.errorTypes)
				})
			}
			checkDied(t, s, before, r.name, died)
		})
	}
}

// startInSteps creates a container, and starts it if it can be created.
func startInSteps(t *testing.T, r bareRuntime, id, dir string, created bool) {
	t.Helper()
	code := silent(t, r.cmd("create", "--bundle", dir, id))
	if created != (code == 0) {
		t.Fatalf("%s create exits with %d", r.name, code)
	}
	if created {
		// runc start may exit before its entrypoint is executed, or is not.
		silent(t, r.cmd("start", id))
		t.Cleanup(func() { silent(t, r.cmd("delete", "--force", id)) })
	}
}

// silent runs a command whose outputs are kept by what it leaves behind, and
// gives its exit code.
func silent(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cmd.Stdout, cmd.Stderr = null, null
	return execute(t, cmd).code
}

func failingBundle(t *testing.T, f failing) string {
	t.Helper()
	dir := bundle(t, "/bin/sleep", "300")
	changeSpec(t, dir, func(spec map[string]any) { f.change(t, spec) })
	return dir
}

// checkFailedFor checks the one start of a container, which has failed.
func checkFailedFor(t *testing.T, w *watcher, id, in string, errorTypes []string) {
	t.Helper()
	one := w.wait(t, id)[id]
	checkFailed(t, one, in)
	if !slices.Contains(errorTypes, one.ErrorType) {
		t.Errorf("error.type %q: %s; want one of %v", one.ErrorType, one.Error, errorTypes)
	}
}

// checkDied checks that the metrics count as many failures as there were in
// each phase, once all starts are over.
func checkDied(t *testing.T, s *server, before metrics, runtime string, died map[string]float64) {
	t.Helper()
	bare := labels{"engine": "none", "runtime": runtime, "kind": "container"}
	var all float64
	for _, n := range died {
		all += n
	}
	var after metrics
	waitFor(t, 15*time.Second, "the failures to be counted", func() bool {
		after = s.scrape(t)
		return grown(before, after, "container_starts_total", bare) >= all
	}, s.stderr.String)
	for _, name := range append([]string{"prepare", "shim"}, phases("runc", "hooks")...) {
		where := labels{"engine": "none", "runtime": runtime, "kind": "container", "phase": name}
		if n := grown(before, after, "container_start_failures_total", where); n != died[name] {
			t.Errorf("%v failures counted in %s; want %v", n, name, died[name])
		}
	}
	if n := grown(before, after, "container_starts_total", bare); n != all {
		t.Errorf("%v starts counted; want %v", n, all)
	}
	if n := grown(before, after, "container_starts_incomplete_total", nil); n != 0 {
		t.Errorf("%v starts incomplete", n)
	}
	waitFor(t, 10*time.Second, "no start in progress", func() bool {
		return s.scrape(t).value("container_starts_in_progress", nil) == 0
	}, s.stderr.String)
}
