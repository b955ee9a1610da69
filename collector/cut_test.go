package collector

import (
	"os"
	"slices"
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestCut starts the exporter after a start has made its veth and before it executes
// its shim: the rest of it must not be reported as a whole start.
func TestCut(t *testing.T) {
	f, err := os.Open("testdata/docker20-runc.events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []*event.Event
	if err := event.Read(f, func(e *event.Event) { events = append(events, e) }); err != nil {
		t.Fatal(err)
	}
	vethAt := slices.IndexFunc(events, func(e *event.Event) bool { return e.Kind == event.KindNetlink && e.LinkType == "veth" })
	shimAt := slices.IndexFunc(events, func(e *event.Event) bool { return e.Kind == event.KindExec && e.Comm == "containerd-shim" })
	if vethAt < 0 || shimAt < vethAt {
		t.Fatalf("veth at %d, shim at %d", vethAt, shimAt)
	}
	for cut := vethAt + 1; cut <= shimAt; cut++ {
		o := &tally{t: t}
		a := New(Config{}, o, o)
		for _, e := range events[:vethAt] { // the snapshot: running engines
			if e.Kind == event.KindProcess || e.Kind == event.KindClock {
				e.Time = events[cut].Time
				a.Handle(e)
			}
		}
		for _, e := range events[cut:] {
			a.Handle(e)
		}
		if len(o.starts) != 1 || o.starts[0].Outcome != start.Incomplete || o.starts[0].Error != startedBeforeExporter {
			t.Fatalf("cut at %d of %d: %+v", cut, len(events), o.starts)
		}
	}
}
