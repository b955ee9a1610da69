package bpf

import (
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// TestAllKinds compares the kinds that are decoded and counted with the list of
// all kinds: each comes from a record, or the exporter adds it.
func TestAllKinds(t *testing.T) {
	added := []event.Kind{event.KindClock, event.KindLost, event.KindBundle, event.KindGone}
	for _, kind := range event.AllKinds {
		if slices.Contains(kindNames[:], kind) == slices.Contains(added, kind) {
			t.Errorf("%s: must be either the kind of a record or added by the exporter", kind)
		}
	}
	for i, kind := range kindNames[1:] {
		if !slices.Contains(event.AllKinds, kind) {
			t.Errorf("record kind %d is %q, which is not in the list of all kinds", i+1, kind)
		}
	}
}

// TestDecodeKnowsAllKinds decodes a record of each kind that the BPF programs
// write: none is unknown, and each has its own name.
func TestDecodeKnowsAllKinds(t *testing.T) {
	for kind := uint32(1); kind < uint32(probesEventKindEVENT_KINDS); kind++ {
		e, err := decode(recordOf(kind))
		if err != nil {
			t.Errorf("record kind %d: %v", kind, err)
			continue
		}
		if e.Kind != kindNames[kind] || e.Kind == "" {
			t.Errorf("record kind %d is decoded as %q", kind, e.Kind)
		}
	}
}

// recordOf returns a record of a kind, of zeros if the kind allows that.
func recordOf(kind uint32) []byte {
	if kind == uint32(probesEventKindEVENT_NETLINK) {
		return netlinkRecord()
	}
	return record(probesEventHeader{Kind: kind}, string(make([]byte, 200)))
}
