package e2e

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestInTheMidst starts the exporter while containers are starting all the
// time. What it then calls started it has seen from its beginning to its end.
func TestInTheMidst(t *testing.T) {
	d := needDocker(t)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	storm := brew(
		func() string { return d.runTrue(t) },
		func() string { return d.runTrue(t) },
		func() string { id, _ := runc.run(t, "/bin/true"); return id },
		func() string { id, _ := crun.run(t, "/bin/true"); return id },
	)
	defer storm.end()
	waitFor(t, 20*time.Second, "a first start of each kind", func() bool { return storm.each(2) }, func() string { return "" })
	s, w := serve(t), watch(t)
	from := time.Now()
	waitFor(t, time.Minute, "three more starts of each kind", func() bool { return storm.eachSince(from, 3) }, w.stderr.String)
	storm.end()
	made := storm.all()
	var last []string
	for _, one := range made {
		if one.began.After(from) {
			last = append(last, one.id)
		}
	}
	w.wait(t, last...)

	// Begun after it was attached: whole, each once.
	records := decodeLines[record](t, w.stdout.String())
	seen := map[string][]string{}
	for _, r := range records {
		i := slices.IndexFunc(made, func(m brewed) bool { return m.id == r.ContainerID })
		if i < 0 {
			continue // another's
		}
		seen[r.ContainerID] = append(seen[r.ContainerID], r.Outcome+" "+r.Error)
		checkRecord(t, r)
		switch {
		case r.Outcome == "incomplete" && made[i].began.After(from):
			t.Errorf("%s began %v after the exporter was there, and is incomplete: %s", r.ContainerID, made[i].began.Sub(from), r.Error)
		case r.Outcome == "failed":
			t.Errorf("%s failed in %s: %s", r.ContainerID, r.FailedPhase, r.Error)
		case r.Outcome == "started":
			checkWhole(t, r)
		}
	}
	for id, starts := range seen {
		if len(starts) != 1 {
			t.Errorf("%s has %d starts: %q", id, len(starts), starts)
		}
	}
	for _, id := range last {
		if len(seen[id]) != 1 {
			t.Errorf("%s, begun when the exporter was there, has %d starts: %q", id, len(seen[id]), seen[id])
		}
	}
	t.Logf("%d starts, %d of them after the exporter; it tells of %d", len(made), len(last), len(seen))
	checkFive(t, s, w, d)
}

// checkWhole checks that a start has every phase that its stack shows.
func checkWhole(t *testing.T, r record) {
	t.Helper()
	want := setUp(r.Runtime)
	if r.Engine == "docker" {
		want = dockerPhases
	}
	if !slices.Equal(r.phaseNames(), want) {
		t.Errorf("%s is said to be whole with phases %v; want %v", r.ContainerID, r.phaseNames(), want)
	}
}

// TestAmongHundred starts the exporter where a hundred containers run: none of
// them is a start.
func TestAmongHundred(t *testing.T) {
	d := needDocker(t)
	runc := needRuntime(t, "runc")
	dir := bundle(t, "/bin/sleep", "300")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 25 {
				runc.stay(t, dir)
			}
		})
	}
	group.Wait()
	s, w := serve(t), watch(t)
	checkFive(t, s, w, d)
	m := s.scrape(t)
	if n := m.value("container_starts_total", nil); n != 5 {
		t.Errorf("%v starts; want 5, of %v", n, seenIDs(t, w))
	}
	if n := m.value("container_starts_incomplete_total", nil); n != 0 {
		t.Errorf("%v starts incomplete; want none: all were over, of %v", n, seenIDs(t, w))
	}
}

// checkFive checks that five more starts are counted exactly.
func checkFive(t *testing.T, s *server, w *watcher, d *docker) {
	t.Helper()
	waitFor(t, 15*time.Second, "no start in progress", func() bool {
		return s.scrape(t).value("container_starts_in_progress", nil) == 0
	}, s.stderr.String)
	before := s.scrape(t)
	var ids []string
	for range 5 {
		ids = append(ids, d.runTrue(t))
	}
	for _, r := range w.wait(t, ids...) {
		checkStarted(t, r, "docker", "runc", dockerPhases)
	}
	checkNoMore(t, s, w, before, dockerStarts, 5)
}
