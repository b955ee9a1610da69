package bpf

import (
	"slices"
	"testing"
)

// TestCauses holds the causes that the kernel side counts against the list of all
// causes.
func TestCauses(t *testing.T) {
	for i, cause := range kernelCauses {
		if !slices.Contains(Causes, cause) {
			t.Errorf("cause %d of the kernel side is %q, which is not in the list of all causes", i, cause)
		}
	}
}

// TestUndecodable delivers a record that cannot be decoded: it is counted as lost,
// and reported before what follows.
func TestUndecodable(t *testing.T) {
	w := watch(t, "")
	r := &reader{p: w.Probes, sink: w.sink}
	before, counted := len(w.seenLost()), w.Stats().Lost[Loss{"", CauseUndecodable}]
	r.decode([]byte{1, 2, 3})
	lost := w.seenLost()
	if len(lost) != before+1 || lost[before] != (Loss{"", CauseUndecodable}) {
		t.Errorf("losses reported: %v", lost)
	}
	if n := w.Stats().Lost[Loss{"", CauseUndecodable}] - counted; n != 1 {
		t.Errorf("%d undecodable records counted, want 1", n)
	}
}
