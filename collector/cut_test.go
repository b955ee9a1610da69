package collector

import (
	"os"
	"slices"
	"testing"
)

// TestCut lets the exporter come when a start has made its veth and not yet
// executed its shim: what is left of it must not be told as a whole start.
func TestCut(t *testing.T) {
	f, err := os.Open("testdata/docker20-runc.events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []*Event
	if err := ReadEvents(f, func(e *Event) { events = append(events, e) }); err != nil {
		t.Fatal(err)
	}
	made := slices.IndexFunc(events, func(e *Event) bool { return e.Kind == KindNetlink && e.LinkType == "veth" })
	shim := slices.IndexFunc(events, func(e *Event) bool { return e.Kind == KindExec && e.Comm == "containerd-shim" })
	if made < 0 || shim < made {
		t.Fatalf("veth at %d, shim at %d", made, shim)
	}
	for cut := made + 1; cut <= shim; cut++ {
		o := &tally{t: t}
		a := New(Config{}, o)
		for _, e := range events[:made] { // the snapshot: engines that run
			if e.Kind == KindProcess || e.Kind == KindClock {
				e.Time = events[cut].Time
				a.Handle(e)
			}
		}
		for _, e := range events[cut:] {
			a.Handle(e)
		}
		if len(o.starts) != 1 || o.starts[0].Outcome != Incomplete || o.starts[0].Error != startedBeforeExporter {
			t.Fatalf("cut at %d of %d: %+v", cut, len(events), o.starts)
		}
	}
}
