package collector

import (
	"testing"

	"container_start_exporter/collector/event"
)

// TestAllKinds wants a handler of every kind of event, even if it does nothing.
func TestAllKinds(t *testing.T) {
	for _, kind := range event.AllKinds {
		if _, ok := handlers[kind]; !ok {
			t.Errorf("the assembler has no handler for %s", kind)
		}
	}
	if len(handlers) != len(event.AllKinds) {
		t.Errorf("the assembler has handlers for %d kinds, AllKinds has %d", len(handlers), len(event.AllKinds))
	}
}
