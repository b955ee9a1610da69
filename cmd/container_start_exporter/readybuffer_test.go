package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"container_start_exporter/collector/start"
)

// TestReadyBufferFlushesInOrder checks that flush emits the starts that are held
// in the order in which they began, once each.
func TestReadyBufferFlushesInOrder(t *testing.T) {
	var emitted, want []string
	r := newReadyBuffer(time.Hour, func(s *start.Start) { emitted = append(emitted, s.SpanID) })
	for i := range 20 {
		id := fmt.Sprintf("%02d", (i*7)%20)
		r.Start(&start.Start{SpanID: id, Outcome: start.Started, Begin: time.Unix(int64((i*7)%20), 0)})
		want = append(want, id)
	}
	slices.Sort(want)
	r.flush()
	if r.flush(); !slices.Equal(emitted, want) {
		t.Errorf("emitted %q, want %q", emitted, want)
	}
}
