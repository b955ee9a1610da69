package e2e

import (
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestPretender runs a workload that imitates a runtime: it names itself like
// runc's init, and executes a file named runc. That is not another start, and does
// not change the start of a container whose id it has guessed.
func TestPretender(t *testing.T) {
	r := needRuntime(t, "runc")
	s, w := serve(t), watch(t)
	before := s.scrape(t)
	dir := t.TempDir()
	writeImpostor(t, dir, "runc")
	pretend := func(script string) {
		t.Helper()
		b := bundle(t, "/bin/sh", "-c", script)
		host.ChangeSpec(t, b, func(spec map[string]any) { bind(spec, dir, "/tmp") })
		id := newID(t, "pretender")
		if res := execute(t, r.cmd("run", "--bundle", b, id)); res.code != 0 {
			t.Fatalf("%s: %v", script, res)
		}
		checkStarted(t, w.wait(t, id)[id], "none", r.name, setUpPhases(r.name))
	}

	pretend("echo 'runc:[2:INIT]' >/proc/self/comm; /tmp/runc create x; /tmp/runc run x; /tmp/runc start x; /tmp/runc delete x")
	for _, act := range []string{"create", "run", "start", "kill", "delete --force"} {
		t.Run(act, func(t *testing.T) {
			id, pid := createOnly(t, r)
			pretend("/tmp/runc " + act + " " + id)
			must(t, r.cmd("start", id))
			one := w.wait(t, id)[id]
			checkStarted(t, one, "none", r.name, append(setUpPhases(r.name), "wait", "start"))
			if one.PID != pid {
				t.Errorf("pid %d; runc says %d", one.PID, pid)
			}
		})
	}
	later, _ := r.run(t, "/bin/true")
	w.wait(t, later)
	for _, one := range w.starts(t, "x") {
		if one.Outcome == "started" {
			t.Errorf("a container that never existed has started: %+v", one)
		}
	}
	host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	}, s.Stderr.String)
	bare := scrape.Labels{"engine": "none", "runtime": r.name}
	if n := increase(before, s.scrape(t), "container_start_duration_seconds", bare); n != 6+5+1 {
		t.Errorf("%v starts timed; want 12", n)
	}
}
