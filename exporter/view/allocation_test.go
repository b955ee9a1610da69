//go:build !race

package view

import (
	"io"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
)

// writtenEvents are events as `events --format json` writes them, and how often that may
// allocate.
var writtenEvents = map[string]struct {
	event       event.Event
	allocations float64
}{
	"fork":  {event.Event{Time: 5, Kind: event.KindFork, PID: 1, StartTime: 2, Comm: "runc", Child: 3, ChildStartTime: 4, Parent: 1, Cost: &event.Cost{CPU: 1, BlockIO: -1}}, 3},
	"exec":  {event.Event{Time: 5, Kind: event.KindExec, PID: 1, File: "/usr/bin/runc", Args: strings.Fields("runc --root /r create --bundle /b abc"), Cost: &event.Cost{}}, 3},
	"mount": {event.Event{Time: 5, Kind: event.KindMount, PID: 1, Source: "overlay", Target: "/merged", FSType: "overlay", Data: strings.Repeat("x", 4095), Cost: &event.Cost{}}, 3},
}

// TestWriteAllocations bounds how often the writing of an event as JSON allocates: not
// for each field or argument.
func TestWriteAllocations(t *testing.T) {
	for name, c := range writtenEvents {
		lines := NewJSONLines(io.Discard)
		got := testing.AllocsPerRun(100, func() {
			if err := lines.Write(&c.event); err != nil {
				t.Error(err)
			}
		})
		t.Logf("%s: %v", name, got)
		if got > c.allocations {
			t.Errorf("%s: %v allocations, at most %v", name, got, c.allocations)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for name, c := range writtenEvents {
		b.Run(name, func(b *testing.B) {
			lines := NewJSONLines(io.Discard)
			b.ReportAllocs()
			for b.Loop() {
				if err := lines.Write(&c.event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
