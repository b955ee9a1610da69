package e2e

import (
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestFaultStoppedBriefly stops the exporter while some containers start: their
// events wait in the ring buffer, and each start is exact.
func TestFaultStoppedBriefly(t *testing.T) {
	runtimes := []bareRuntime{needRuntime(t, "runc"), needRuntime(t, "crun")}
	s, w := serve(t), watch(t)
	before := s.scrape(t)
	resume := stopProcesses(t, s.Process, w.Process)
	made := map[string]bool{}
	for range 3 {
		for _, r := range runtimes {
			id, res := r.run(t, "/bin/true")
			if res.code != 0 {
				t.Fatalf("%s run: %v", r.name, res)
			}
			made[id] = true
		}
	}
	resume()
	ids := slices.Collect(maps.Keys(made))
	for _, r := range w.wait(t, ids...) {
		checkStarted(t, r, "none", r.Runtime, setUpPhases(r.Runtime))
	}
	s.waitOnPage(t, ids[0])
	s.waitIdle(t, 10*time.Second)
	n := tallyOf(t, before, s.scrape(t))
	if n.lost != 0 || n.incomplete != 0 {
		t.Errorf("%+v; want nothing lost", n)
	}
	n.checkSuccesses(t, len(made))
}

// TestFaultStopped stops the exporter for ten seconds of a storm: what the ring
// buffer has no room for is counted as lost, and no start that it was lost of is
// reported as if it were complete. Later starts are exact.
func TestFaultStopped(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s := serve(t)
	w := watch(t)
	before := s.scrape(t)
	resume := stopProcesses(t, s.Process, w.Process)
	from := time.Now()
	l := startStorm(t, runc, crun)
	host.WaitFor(t, 20*time.Second, "ten seconds of starts", func() bool { return time.Since(from) > 10*time.Second }, nil)
	l.stop()
	made := l.ids()
	resume()
	settle(t, s, w, crun, made)

	n := tallyOf(t, before, s.scrape(t))
	if n.lost == 0 {
		t.Errorf("nothing is lost in ten seconds with %d starts: the buffer is too large for this test", len(made))
	}
	n.checkSuccesses(t, len(made))
	outcomes := checkSuccessRecords(t, decodeLines[record](t, w.Stdout.String()), made)
	t.Logf("watch: %v", outcomes)
	waitWhole(t, s, w, crun)
	checkAfterwards(t, s, w, runc, crun)
}

// settle waits until all of a storm has been read: one more start, which it adds to
// those that were made, is shown, and none is in progress.
func settle(t *testing.T, s *server, w *watcher, r bareRuntime, made map[string]bool) {
	t.Helper()
	later, _ := r.run(t, "/bin/true")
	w.wait(t, later)
	s.waitOnPage(t, later)
	made[later] = true
	s.waitIdle(t, 10*time.Second)
}

// waitWhole waits for a start that is whole: what was lost may have begun those of the
// next ten seconds.
func waitWhole(t *testing.T, s *server, w *watcher, r bareRuntime) {
	t.Helper()
	host.WaitFor(t, 20*time.Second, "a start of which nothing was lost", func() bool {
		id, _ := r.run(t, "/bin/true")
		whole := w.wait(t, id)[id].Outcome == "started"
		s.waitOnPage(t, id)
		return whole
	}, w.Stdout.String)
	s.waitIdle(t, 10*time.Second)
}

// checkAfterwards checks that starts by bare runtimes are now exact.
func checkAfterwards(t *testing.T, s *server, w *watcher, runtimes ...bareRuntime) {
	t.Helper()
	before := s.scrape(t)
	var ids []string
	for _, r := range runtimes {
		id, _ := r.run(t, "/bin/true")
		ids = append(ids, id)
	}
	for _, r := range w.wait(t, ids...) {
		checkStarted(t, r, "none", r.Runtime, setUpPhases(r.Runtime))
	}
	checkExactCount(t, s, w, before, nil, float64(len(ids)))
}

// stopProcesses stops processes by SIGSTOP until the returned function is called.
func stopProcesses(t *testing.T, processes ...*host.Process) (resume func()) {
	t.Helper()
	resume = func() {
		for _, p := range processes {
			_ = p.Cmd.Process.Signal(syscall.SIGCONT) // fails if it has exited
		}
	}
	t.Cleanup(resume) // a stopped process does not end when it is interrupted
	for _, p := range processes {
		if err := p.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		p.WaitFor(t, 10*time.Second, "the process to be stopped", func() bool {
			return len(statusField(p.Cmd.Process.Pid, "State")) > 1 && statusField(p.Cmd.Process.Pid, "State")[1] == 'T'
		})
	}
	return resume
}
