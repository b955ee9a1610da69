package hostile

import (
	"fmt"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// increase returns by how much the selected series of a metric have grown.
func increase(before, after scrape.Metrics, name string, selector scrape.Labels) float64 {
	return after.Sum(name, selector) - before.Sum(name, selector)
}

// checkVeths checks that veth pairs are counted that were created, not those that were
// asked for: one for each container but the attack's.
func checkVeths(t *testing.T, _ *suite, before, after scrape.Metrics, _ int) {
	t.Helper()
	starts := increase(before, after, startsMetric, scrape.Labels{"engine": "docker"})
	if n := increase(before, after, "container_start_veths_created_total", nil); n != starts-1 {
		t.Errorf("%v veth pairs created; %v containers have one", n, starts-1)
	}
}

// checkChroots checks that events of the attack which are lost are counted.
func checkChroots(t *testing.T, _ *suite, before, after scrape.Metrics, done int) {
	t.Helper()
	chroot := scrape.Labels{"event": "chroot"}
	received := increase(before, after, "container_start_exporter_events_received_total", chroot)
	lost := increase(before, after, lostMetric, chroot)
	t.Logf("%v chroots received, %v lost", received, lost)
	if received+lost < float64(done) {
		t.Errorf("of %d chroots, %v were received and %v lost", done, received, lost)
	}
}

// checkFailures checks that forged failures are not counted: one attempt in sixteen has
// a process of its runtime and a bundle, the others, done, have neither.
func checkFailures(t *testing.T, _ *suite, before, after scrape.Metrics, done int) {
	t.Helper()
	if n := increase(before, after, failuresMetric, nested); n > float64(done/15+1) {
		t.Errorf("%v nested failures are counted of %d without and %d with a process", n, done, done/15+1)
	}
}

// checkForgotten checks that processes are forgotten that have ended: no more are known
// than before, but for a few of the engine.
func checkForgotten(t *testing.T, s *suite, before, _ scrape.Metrics, done int) {
	t.Helper()
	const known = "container_start_exporter_processes_known"
	now, most := 0.0, before.Sum(known, nil)+64
	host.WaitFor(t, 20*time.Second, fmt.Sprintf("%d processes to be forgotten", done), func() bool {
		now = s.scraper.metrics(t).Sum(known, nil)
		return now <= most
	}, func() string { return fmt.Sprintf("%v are known; want at most %v", now, most) })
}
