package collector

import (
	"testing"

	"container_start_exporter/collector/event"
)

// maxAllocations bounds the mean for an event of a recording, ends of starts included: a
// quarter are mounts by init, which are in the record with their attributes.
const maxAllocations = 10

// TestHandleAllocations bounds how often Handle allocates, on average, for the events of
// each recording.
func TestHandleAllocations(t *testing.T) {
	eachRecording(t, func(t *testing.T, events []*event.Event) {
		all := testing.AllocsPerRun(5, func() {
			a := New(Config{}, nil, nil)
			for _, e := range events {
				a.Handle(e)
			}
		})
		mean := all / float64(len(events))
		t.Logf("%.1f allocations for an event", mean)
		if mean > maxAllocations {
			t.Errorf("%.1f allocations for an event, at most %d", mean, maxAllocations)
		}
	})
}
