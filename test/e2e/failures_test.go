package e2e

import (
	"testing"

	"container_start_exporter/test/host/scrape"
)

// TestFailures makes starts fail in three ways, each in another phase.
func TestFailures(t *testing.T) {
	d := needDocker(t)
	notAProgram := writeFile(t, "entrypoint", "neither an ELF file nor a script\n", 0o755)
	tests := []struct {
		name, phase string
		args        []string
	}{
		{"missing entrypoint", "init", []string{image, "/no/such/program"}},
		{"wrong format", "start", []string{"-v", notAProgram + ":/entrypoint", image, "/entrypoint"}},
		{"file over a directory", "rootfs", []string{"-v", notAProgram + ":/bin", image, "/bin/true"}},
	}
	s, w := serve(t), watch(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := s.scrape(t)
			id, r := d.run(t, test.args...)
			if r.code == 0 {
				t.Fatalf("docker run %v succeeds", test.args)
			}
			checkFailed(t, w.wait(t, id)[id], test.phase)

			later := d.runTrue(t)
			w.wait(t, later)
			if n := len(w.starts(t, id)); n != 1 {
				t.Errorf("%d starts; want 1", n)
			}
			after := s.scrape(t)
			if n := increase(before, after, "container_start_failures_total", dockerStarts); n != 1 {
				t.Errorf("%v failures counted; want 1", n)
			}
			selector := scrape.Labels{"engine": "docker", "runtime": "runc", "kind": "container", "phase": test.phase}
			if n := increase(before, after, "container_start_failures_total", selector); n != 1 {
				t.Errorf("%v failures counted in %s; want 1", n, test.phase)
			}
			if n := increase(before, after, "container_starts_total", dockerStarts); n != 2 {
				t.Errorf("%v starts counted; want the failed one and the one after it", n)
			}
			if n := increase(before, after, "container_start_duration_seconds", dockerStarts); n != 1 {
				t.Errorf("%v starts timed; want only the one that succeeded", n)
			}
		})
	}
}

// checkFailed checks a start that failed: its last phase is the one it failed in.
func checkFailed(t *testing.T, r record, in string) {
	t.Helper()
	checkRecord(t, r)
	if r.Outcome != "failed" || r.FailedPhase != in || r.Error == "" {
		t.Errorf("%s in %q: %q; want failed in %q, with an error", r.Outcome, r.FailedPhase, r.Error, in)
	}
	if names := r.phaseNames(); len(names) == 0 || names[len(names)-1] != in {
		t.Errorf("phases %v; want %s last", names, in)
	}
}
