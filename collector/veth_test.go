package collector

import (
	"slices"
	"testing"
)

// TestVethChurn checks that pairs are counted, not ends, wherever the ends move.
func TestVethChurn(t *testing.T) {
	o := &tally{t: t}
	a := New(Config{}, o)
	now := int64(0)
	notify := func(message string, index, peer int, moved bool) {
		now += 1e6
		a.Handle(&Event{Time: now, Kind: KindLink, Message: message, LinkNS: 1, Index: index, PeerIndex: peer, LinkType: "veth", Moved: moved})
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
	now += int64(patience) + 1
	a.Handle(&Event{Time: now, Kind: KindClock})

	created := slices.DeleteFunc(slices.Clone(o.veths), func(v VethChanged) bool { return v.Deleted })
	if deleted := len(o.veths) - len(created); len(created) != 4 || deleted != 5 {
		t.Errorf("%d pairs created and %d deleted, want 4 and 5", len(created), deleted)
	}
	if len(a.pairs) != 0 {
		t.Errorf("%d ends of deleted pairs are still in the table", len(a.pairs))
	}
	checkConservation(t, a)
}

// TestVethEndsKeepTheirPlaces moves both ends of a pair into the container's
// network namespace and sets up one: that is the container's end, in every run.
func TestVethEndsKeepTheirPlaces(t *testing.T) {
	for range 50 {
		att := &attempt{links: map[int]*link{
			7: {name: "a", moved: true}, 8: {name: "b", moved: true, address: "10.0.0.2/16"}, 9: {name: "c", moved: true},
		}}
		want := Veth{Host: "a", Container: "b", Address: "10.0.0.2/16"}
		if got := att.describeVeth(&veth{name: "a", peer: "b"}); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if got := att.describeVeth(&veth{name: "c", peer: "a"}); got.Container != "a" {
			t.Fatalf("%+v: if nothing distinguishes the ends, the one with the lower index is the container's", got)
		}
	}
}
