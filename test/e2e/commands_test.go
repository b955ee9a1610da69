package e2e

import (
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestCommandsAreNotStarts runs commands on a running container that are not
// starts, and checks the exporter's counts once a later start is counted.
func TestCommandsAreNotStarts(t *testing.T) {
	d := needDocker(t)
	s, w := serve(t), watch(t)
	id := d.detach(t, "--health-cmd", "true", "--health-interval", "1s", image, "sleep", "300")
	w.wait(t, id)
	before := s.scrape(t)

	const checks = 2
	host.WaitFor(t, 20*time.Second, "two health checks", func() bool {
		return d.inspect(t, id, "{{len .State.Health.Log}}") >= "2"
	}, w.Stderr.String)
	for range 3 {
		if got := must(t, d.cmd("exec", id, "echo", "inside")); got != "inside\n" {
			t.Errorf("docker exec echo says %q", got)
		}
	}
	d.inspect(t, id, "{{.State.Pid}}")
	must(t, d.cmd("stop", "-t", "1", id))

	later := d.runTrue(t)
	w.wait(t, later)
	host.WaitFor(t, 15*time.Second, "the later start to be counted", func() bool {
		return increase(before, s.scrape(t), "container_starts_total", dockerStarts) >= 1
	}, s.Stderr.String)
	after := s.scrape(t)
	if n := increase(before, after, "container_starts_total", dockerStarts); n != 1 {
		t.Errorf("%v starts counted; want only the later one", n)
	}
	if n := len(w.starts(t, id)); n != 1 {
		t.Errorf("container %s has %d starts", id, n)
	}
	if n := after.Sum("container_starts_incomplete_total", nil); n != 0 {
		t.Errorf("%v starts incomplete", n)
	}
	execs := increase(before, after, "container_start_runtime_command_duration_seconds", scrape.Labels{"runtime": "runc", "command": "exec"})
	if execs < 3+checks {
		t.Errorf("%v runs of runc exec timed; want at least %d", execs, 3+checks)
	}
	if n := increase(before, after, "container_start_runtime_command_duration_seconds", scrape.Labels{"runtime": "runc", "command": "create"}); n < 1 {
		t.Errorf("%v runs of runc create timed; want that of the later start", n)
	}
}

// TestRestart starts the same container again: each create of an id is a start of
// its own.
func TestRestart(t *testing.T) {
	d := needDocker(t)
	w := watch(t)
	id := d.detach(t, image, "sleep", "300")
	must(t, d.cmd("restart", "-t", "0", id))
	host.WaitFor(t, 20*time.Second, "two starts of one container", func() bool {
		return len(w.starts(t, id)) >= 2
	}, w.Stderr.String)

	records := w.starts(t, id)
	if len(records) != 2 {
		t.Fatalf("%d starts; want 2", len(records))
	}
	for _, r := range records {
		checkStarted(t, r, "docker", "runc", dockerPhases)
	}
	if records[0].TraceID == records[1].TraceID {
		t.Errorf("both starts have trace %s", records[0].TraceID)
	}
	if pid := d.pid(t, id); records[1].PID != pid || records[0].PID == pid {
		t.Errorf("pids %d and %d; docker says %d", records[0].PID, records[1].PID, pid)
	}
}
