package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"container_start_exporter/collector"
)

// TestHoldFlushesInOrder ends while starts are held: they are reported in the
// order in which they began, once each.
func TestHoldFlushesInOrder(t *testing.T) {
	var reported, want []string
	h := newHold(time.Hour, func(s *collector.Start) { reported = append(reported, s.SpanID) })
	for i := range 20 {
		id := fmt.Sprintf("%02d", (i*7)%20)
		h.Start(&collector.Start{SpanID: id, Outcome: collector.Started, Begin: time.Unix(int64((i*7)%20), 0)})
		want = append(want, id)
	}
	slices.Sort(want)
	h.flush()
	if h.flush(); !slices.Equal(reported, want) {
		t.Errorf("reported %q, want %q", reported, want)
	}
}
