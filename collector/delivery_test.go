package collector

import (
	"math/rand/v2"
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// TestSwappedDelivery replays each recording with events in another order: those of two
// processors that happen within microseconds are delivered in any. The starts are the same.
func TestSwappedDelivery(t *testing.T) {
	eachRecording(t, func(t *testing.T, events []*event.Event) {
		want := records(t, events)
		for seed := range uint64(4) {
			compareRecords(t, want, records(t, swapNeighbours(rand.New(rand.NewPCG(seed, 15)), events)))
		}
	})
}

// reorderWithin is how long after an event another processor's may be delivered before it.
const reorderWithin = 100 * 1000 // ns

// swapNeighbours swaps half of the neighbours that may be delivered in any order.
func swapNeighbours(random *rand.Rand, events []*event.Event) []*event.Event {
	events = slices.Clone(events)
	for i := 0; i+1 < len(events); i++ {
		if a, b := events[i], events[i+1]; mayBeSwapped(a, b) && random.IntN(2) == 0 {
			events[i], events[i+1] = b, a
			i++
		}
	}
	return events
}

// mayBeSwapped reports whether b, which follows a, does not depend on it. The entrypoint's
// exec ends the start: what is delivered later is not in its record.
func mayBeSwapped(a, b *event.Event) bool {
	for _, e := range []*event.Event{a, b} {
		switch e.Kind {
		case event.KindClock, event.KindProcess, event.KindBundle, event.KindLost:
			return false
		}
		if e.Last {
			return false
		}
	}
	return b.Time-a.Time < reorderWithin && a.PID != b.PID && a.Child != b.PID && b.Child != a.PID && (a.Child == 0 || a.Child != b.Child)
}
