package e2e

import (
	"slices"
	"testing"

	"container_start_exporter/test/host/scrape"
)

// TestNestedRuntime runs a runtime in a pid namespace of its own, as a container does:
// its start is nested, shown on request, and in no number of the host's starts.
func TestNestedRuntime(t *testing.T) {
	crun := needRuntime(t, "crun")
	s, w := serve(t), watch(t)
	all := &watcher{attach(t, "watch", "--nested", "--format", "json")}
	before := s.scrape(t)
	id := newID(t, "nested")
	run := crun.cmd("run", "--bundle", bundle(t, "/bin/true"), id)
	// it enters a mount namespace first, and mounts /proc there
	i := slices.Index(run.Args, "--") + 1
	run.Args = slices.Insert(run.Args, i, "unshare", "--pid", "--fork", "--mount-proc")
	must(t, run)
	later, _ := crun.run(t, "/bin/true")

	r := all.wait(t, id)[id]
	if r.Kind != "nested" || r.Outcome != "started" {
		t.Errorf("a start of kind %s %s; want one of kind nested", r.Kind, r.Outcome)
	}
	checkRecord(t, r)
	w.wait(t, later)
	if found := w.starts(t, id); len(found) != 0 {
		t.Errorf("%d nested starts are shown without --nested", len(found))
	}
	after := s.scrape(t)
	for kind, n := range map[string]float64{"nested": 1, "container": 1} {
		if got := increase(before, after, "container_starts_total", scrape.Labels{"kind": kind}); got != n {
			t.Errorf("%v starts of kind %s counted; want %v", got, kind, n)
		}
	}
}
