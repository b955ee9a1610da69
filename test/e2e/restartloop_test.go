package e2e

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestRestartLoop makes Docker start the same container again and again: there are
// as many starts as Docker counts, each with a process and a trace of its own.
func TestRestartLoop(t *testing.T) {
	d := needDocker(t)
	s, w := serve(t), watch(t)
	before := s.scrape(t)
	const restarts = 5
	id := d.detach(t, "--restart", "on-failure:"+strconv.Itoa(restarts), image, "sh", "-c", "exit 1")
	host.WaitFor(t, time.Minute, "the last restart", func() bool {
		return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}}") == strconv.Itoa(restarts)+" exited"
	}, func() string { return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}} {{.State.Error}}") })
	later := d.runTrue(t)
	w.wait(t, later)

	records := w.starts(t, id)
	checkRepeated(t, records, restarts+1, func(r record) { checkStarted(t, r, "docker", "runc", dockerPhases) })
	checkExactCount(t, s, w, before, dockerStarts, restarts+2)
}

// TestSameID runs six containers with the same id right after one another.
func TestSameID(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s, w := serve(t), watch(t)
		before := s.scrape(t)
		const n = 6
		id, dir := newID(t, r.name), bundle(t, "/bin/sh", "-c", "exit 1")
		for range n {
			if res := execute(t, r.cmd("run", "--bundle", dir, id)); res.code != 1 {
				t.Fatalf("%s run: %v", r.name, res)
			}
		}
		later, _ := r.run(t, "/bin/true")
		w.wait(t, later)
		checkRepeated(t, w.starts(t, id), n, func(one record) { checkStarted(t, one, "none", r.name, setUpPhases(r.name)) })
		checkExactCount(t, s, w, before, scrape.Labels{"engine": "none", "runtime": r.name}, n+1)
	})
}

// checkRepeated checks the starts of one container that was started n times.
func checkRepeated(t *testing.T, records []record, n int, check func(record)) {
	t.Helper()
	if len(records) != n {
		t.Errorf("%d starts; want %d", len(records), n)
	}
	pids, traces := map[int]bool{}, map[string]bool{}
	for i, r := range records {
		check(r)
		pids[r.PID], traces[r.TraceID] = true, true
		if i > 0 && r.Begin.Before(records[i-1].Begin.Add(time.Duration(records[i-1].Duration))) {
			t.Errorf("start %d begins before the previous one ends", i+1)
		}
	}
	if len(pids) != len(records) || len(traces) != len(records) {
		t.Errorf("%d pids and %d traces in %d starts", len(pids), len(traces), len(records))
	}
}

// checkExactCount checks that exactly n more starts are counted with these scrape.Labels,
// all of them successful, and that none is still in progress.
func checkExactCount(t *testing.T, s *server, w *watcher, before metrics, selector scrape.Labels, n float64) {
	t.Helper()
	var after metrics
	host.WaitFor(t, 15*time.Second, "the starts to be counted", func() bool {
		after = s.scrape(t)
		return increase(before, after, "container_starts_total", selector) >= n
	}, s.Stderr.String)
	for name, want := range map[string]float64{
		"container_starts_total": n, "container_start_duration_seconds": n, "container_start_failures_total": 0,
	} {
		if got := increase(before, after, name, selector); got != want {
			t.Errorf("%s has grown by %v; want %v, of %v", name, got, want, reportedStarts(t, w))
		}
	}
	if got := increase(before, after, "container_starts_incomplete_total", nil); got != 0 {
		t.Errorf("%v starts incomplete, of %v", got, reportedStarts(t, w))
	}
	host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	}, s.Stderr.String)
}

// reportedStarts describes all starts that were reported, by container and outcome:
// on a busy host there may be others than the test's.
func reportedStarts(t *testing.T, w *watcher) []string {
	t.Helper()
	var ids []string
	for _, r := range decodeLines[record](t, w.Stdout.String()) {
		ids = append(ids, fmt.Sprintf("%.60s %s %s", r.ContainerID, r.Outcome, r.Error))
	}
	return ids
}
