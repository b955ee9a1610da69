package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestAttachDuringStarts starts the exporter while containers are starting all the
// time. A start that it reports as started is complete.
func TestAttachDuringStarts(t *testing.T) {
	d := needDocker(t)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	l := startLoad(
		func() string { return d.runTrue(t) },
		func() string { return d.runTrue(t) },
		func() string { id, _ := runc.run(t, "/bin/true"); return id },
		func() string { id, _ := crun.run(t, "/bin/true"); return id },
	)
	defer l.stop()
	host.WaitFor(t, 20*time.Second, "a first start of each kind", func() bool { return l.eachStarted(2) }, func() string { return "" })
	s, w := serve(t), watch(t)
	from := time.Now()
	host.WaitFor(t, time.Minute, "three more starts of each kind", func() bool { return l.eachStartedSince(from, 3) }, w.Stderr.String)
	l.stop()
	containers := l.all()
	var last []string
	for _, one := range containers {
		if one.began.After(from) {
			last = append(last, one.id)
		}
	}
	w.wait(t, last...)

	// starts that began after the probes were attached are complete, each once
	records := decodeLines[record](t, w.Stdout.String())
	outcomes := map[string][]string{}
	for _, r := range records {
		i := slices.IndexFunc(containers, func(c loadContainer) bool { return c.id == r.ContainerID })
		if i < 0 {
			continue // not started by this test
		}
		outcomes[r.ContainerID] = append(outcomes[r.ContainerID], r.Outcome+" "+r.Error)
		checkRecord(t, r)
		switch {
		case r.Outcome == "incomplete" && containers[i].began.After(from):
			t.Errorf("%s began %v after the exporter was attached, and is incomplete: %s", r.ContainerID, containers[i].began.Sub(from), r.Error)
		case r.Outcome == "failed":
			t.Errorf("%s failed in %s: %s", r.ContainerID, r.FailedPhase, r.Error)
		case r.Outcome == "started":
			checkComplete(t, r)
		}
	}
	for id, starts := range outcomes {
		if len(starts) != 1 {
			t.Errorf("%s has %d starts: %q", id, len(starts), starts)
		}
	}
	for _, id := range last {
		if len(outcomes[id]) != 1 {
			t.Errorf("%s began after the exporter was attached and has %d starts: %q", id, len(outcomes[id]), outcomes[id])
		}
	}
	t.Logf("%d starts, %d of them after the exporter was attached; it reported %d", len(containers), len(last), len(outcomes))
	checkFiveStarts(t, s, w, d)
}

// checkComplete checks that a start has all phases of its stack.
func checkComplete(t *testing.T, r record) {
	t.Helper()
	want := setUpPhases(r.Runtime)
	if r.Engine == "docker" {
		want = dockerPhases
	}
	if !slices.Equal(r.phaseNames(), want) {
		t.Errorf("%s is reported as started with phases %v; want %v", r.ContainerID, r.phaseNames(), want)
	}
}

// TestAttachBesideHundred starts the exporter while a hundred containers run: none
// of them is a start.
func TestAttachBesideHundred(t *testing.T) {
	d := needDocker(t)
	runc := needRuntime(t, "runc")
	dir := bundle(t, "/bin/sleep", "300")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 25 {
				runc.startSleeping(t, dir)
			}
		})
	}
	group.Wait()
	s, w := serve(t), watch(t)
	checkFiveStarts(t, s, w, d)
	m := s.scrape(t)
	if n := m.Sum("container_starts_total", nil); n != 5 {
		t.Errorf("%v starts; want 5, of %v", n, reportedStarts(t, w))
	}
	if n := m.Sum("container_starts_incomplete_total", nil); n != 0 {
		t.Errorf("%v starts incomplete; want none, as all had ended, of %v", n, reportedStarts(t, w))
	}
}

// checkFiveStarts checks that five more starts are counted as exactly five.
func checkFiveStarts(t *testing.T, s *server, w *watcher, d *docker) {
	t.Helper()
	host.WaitFor(t, 15*time.Second, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	}, s.Stderr.String)
	before := s.scrape(t)
	var ids []string
	for range 5 {
		ids = append(ids, d.runTrue(t))
	}
	for _, r := range w.wait(t, ids...) {
		checkStarted(t, r, "docker", "runc", dockerPhases)
	}
	checkExactCount(t, s, w, before, dockerStarts, 5)
}
