package hostile

import (
	"testing"

	"container_start_exporter/test/host/scrape"
)

// increase returns by how much the selected series of a metric have grown.
func increase(before, after scrape.Metrics, name string, selector scrape.Labels) float64 {
	return after.Sum(name, selector) - before.Sum(name, selector)
}

// checkVeths checks that veth pairs are counted that were created, not those that were
// asked for: one for each container but the attack's.
func checkVeths(t *testing.T, before, after scrape.Metrics, _ int) {
	t.Helper()
	starts := increase(before, after, startsMetric, scrape.Labels{"engine": "docker"})
	if n := increase(before, after, "container_start_veths_created_total", nil); n != starts-1 {
		t.Errorf("%v veth pairs created; %v containers have one", n, starts-1)
	}
}

// checkChroots checks that events of the attack which are lost are counted.
func checkChroots(t *testing.T, before, after scrape.Metrics, done int) {
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
func checkFailures(t *testing.T, before, after scrape.Metrics, done int) {
	t.Helper()
	if n := increase(before, after, failuresMetric, nested); n > float64(done/15+1) {
		t.Errorf("%v nested failures are counted of %d without and %d with a process", n, done, done/15+1)
	}
}
