package collector

import (
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// TestVethChurn checks that pairs are counted, not ends, wherever the ends move.
func TestVethChurn(t *testing.T) {
	o := &tally{t: t}
	a := New(Config{}, o, o)
	now := int64(0)
	notify := func(message string, index, peer int, moved bool) {
		now += 1e6
		a.Handle(&event.Event{Time: now, Kind: event.KindLink, Message: message, LinkNS: 1, Index: index, PeerIndex: peer, LinkType: "veth", Moved: moved})
	}
	for pair := range 3 { // as Docker does it: both ends created on the host, one moved into the container and back
		host, container := 10*pair+11, 10*pair+10
		notify("RTM_NEWLINK", container, 0, false)
		notify("RTM_NEWLINK", host, container, false)
		notify("RTM_DELLINK", container, host, true)
		notify("RTM_NEWLINK", host, 0, false)
		notify("RTM_NEWLINK", container, host, false)
		notify("RTM_DELLINK", container, 0, false)
		notify("RTM_DELLINK", host, 0, false)
	}
	notify("RTM_NEWLINK", 50, 0, false) // as CNI does it: only the host's end is seen
	notify("RTM_DELLINK", 50, 0, false)
	notify("RTM_DELLINK", 60, 61, false) // one that is older than the exporter
	notify("RTM_DELLINK", 61, 60, false)
	now += int64(waiterTTL) + 1
	a.Handle(&event.Event{Time: now, Kind: event.KindClock})

	created := slices.DeleteFunc(slices.Clone(o.veths), func(v VethChanged) bool { return v.Deleted })
	if deleted := len(o.veths) - len(created); len(created) != 4 || deleted != 5 {
		t.Errorf("%d pairs created and %d deleted, want 4 and 5", len(created), deleted)
	}
	if len(a.veths.pairs) != 0 {
		t.Errorf("%d ends of deleted pairs are still in the table", len(a.veths.pairs))
	}
	checkConservation(t, a)
}
