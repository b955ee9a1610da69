package e2e

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"container_start_exporter/test/host"
)

// stormSources is how many sources of a storm there are for each runtime: more than
// the host has CPUs.
const stormSources = 4

// storm is starts by bare runtimes from several sources at once, each of which
// succeeds.
type storm struct {
	*load
	runtimes []bareRuntime
}

var stormIDs atomic.Int64

func startStorm(t *testing.T, runtimes ...bareRuntime) *storm {
	t.Helper()
	var sources []func() string
	for _, r := range runtimes {
		dir := bundle(t, "/bin/true")
		for range stormSources {
			sources = append(sources, func() string {
				id := fmt.Sprintf("%s-%d", newID(t, r.name), stormIDs.Add(1))
				if res := execute(t, r.cmd("run", "--bundle", dir, id)); res.code != 0 {
					t.Errorf("%s run: %v", r.name, res)
				}
				return id
			})
		}
	}
	s := &storm{startLoad(sources...), runtimes}
	t.Cleanup(s.stop)
	return s
}

// ids returns the containers that have been started so far.
func (s *storm) ids() map[string]bool {
	ids := map[string]bool{}
	for _, one := range s.all() {
		ids[one.id] = true
	}
	return ids
}

// tally is what a server counted between two scrapes.
type tally struct{ started, failed, incomplete, lost float64 }

func tallyOf(t *testing.T, before, after metrics) tally {
	t.Helper()
	n := tally{
		started:    increase(before, after, "container_start_duration_seconds", nil),
		failed:     increase(before, after, "container_start_failures_total", nil),
		incomplete: increase(before, after, "container_starts_incomplete_total", nil),
		lost:       after.lost(t) - before.lost(t),
	}
	if all := increase(before, after, "container_starts_total", nil); all != n.started+n.failed {
		t.Errorf("%v starts counted; %v of them succeeded, and %v failed", all, n.started, n.failed)
	}
	return n
}

func (n tally) reported() float64 { return n.started + n.failed + n.incomplete }

// checkSuccesses checks what a server counted of a number of starts that succeeded:
// each as started, unless events were lost. Then as many may be incomplete, or
// missing, but no number is higher than it should be.
func (n tally) checkSuccesses(t *testing.T, made int) {
	t.Helper()
	t.Logf("%d starts: %+v", made, n)
	if n.failed != 0 {
		t.Errorf("%v failures counted; no start failed", n.failed)
	}
	if n.reported() > float64(made) {
		t.Errorf("%v starts counted; there were %d", n.reported(), made)
	}
	if n.lost == 0 && n.started != float64(made) {
		t.Errorf("%v successful starts counted; there were %d, and no event was lost", n.started, made)
	}
}

// checkSuccessRecords checks what a watcher reported of a storm: at most one record
// of each start, which is either incomplete or right. Those that are right have made
// the same, by one runtime: what is lost of a start would make a difference.
func checkSuccessRecords(t *testing.T, records []record, made map[string]bool) (outcomes map[string]int) {
	t.Helper()
	outcomes = map[string]int{}
	seen := map[string]bool{}
	first := map[string]record{} // by runtime
	for _, r := range records {
		if !made[r.ContainerID] || seen[r.ContainerID] {
			t.Errorf("a start too many: %+v", r)
		}
		seen[r.ContainerID] = true
		outcomes[r.Outcome]++
		checkRecord(t, r)
		switch r.Outcome {
		case "started":
			checkComplete(t, r)
			if _, found := first[r.Runtime]; !found {
				first[r.Runtime] = r
			}
			if want := first[r.Runtime].Counts; r.Counts != want {
				t.Errorf("%s is reported as started with %+v; another one with %+v: %+v", r.ContainerID, r.Counts, want, r)
			}
		case "failed":
			t.Errorf("%s failed in %s: %s", r.ContainerID, r.FailedPhase, r.Error)
		}
	}
	return outcomes
}

// waitOnPage waits until a server's page shows the start of a container: all that
// happened before is then counted.
func (s *server) waitOnPage(t *testing.T, id string) {
	t.Helper()
	s.WaitFor(t, pageTimeout, "the start of "+id+" on the page", func() bool {
		return strings.Contains(host.Answer(s.URL+"/"), id)
	})
}
