package e2e

import (
	"reflect"
	"testing"
	"time"
)

// TestInstances runs several exporters side by side: their reports agree.
func TestInstances(t *testing.T) {
	d := needDocker(t)
	first, second, third := watch(t), watch(t), watch(t)
	ids := append(runConcurrently(t, d, 3), d.runTrue(t))
	want := first.wait(t, ids...)
	for _, other := range []*watcher{second, third} {
		got := other.wait(t, ids...)
		for _, id := range ids {
			a, b := want[id], got[id]
			if a.TraceID != b.TraceID || a.TraceID == "" {
				t.Errorf("%s: trace ids %q and %q", id, a.TraceID, b.TraceID)
			}
			if a.PID != b.PID || a.Counts != b.Counts || !reflect.DeepEqual(a.phaseNames(), b.phaseNames()) {
				t.Errorf("%s: two exporters report\n%+v\n%+v", id, a, b)
			}
			if !near(time.Duration(a.Duration), b.Duration) {
				t.Errorf("%s: it took %d and %d ns", id, a.Duration, b.Duration)
			}
		}
	}
}
