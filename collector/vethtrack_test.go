package collector

import (
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// TestVethTracker follows one pair by both sources, in every order: it is created
// once and deleted once.
func TestVethTracker(t *testing.T) {
	const host, pod = 1, 2
	newlink := &event.Event{Kind: event.KindVethNewlink, LinkNS: host, Index: 7, Name: "a", TargetNS: pod, PeerIndex: 8, PeerName: "eth0"}
	dellink := &event.Event{Kind: event.KindVethDellink, LinkNS: host, Index: 7, Name: "a", TargetNS: pod, PeerIndex: 8, PeerName: "eth0"}
	up := &event.Event{Kind: event.KindLink, Message: "RTM_NEWLINK", LinkNS: host, Index: 7, Name: "a"}
	renamed := &event.Event{Kind: event.KindLink, Message: "RTM_NEWLINK", LinkNS: host, Index: 7, Name: "b"}
	down := &event.Event{Kind: event.KindLink, Message: "RTM_DELLINK", LinkNS: host, Index: 7, Name: "b"}
	notify := func(want vethChange, e *event.Event) func(*testing.T, *vethTracker) {
		return func(t *testing.T, v *vethTracker) {
			t.Helper()
			if got := v.notify(e); got != want {
				t.Errorf("%s of %s: %d, want %d", e.Message, e.Name, got, want)
			}
		}
	}
	count := func(want bool, e *event.Event) func(*testing.T, *vethTracker) {
		return func(t *testing.T, v *vethTracker) {
			t.Helper()
			if got := v.count(e); got != want {
				t.Errorf("%s is counted: %t, want %t", e.Kind, got, want)
			}
		}
	}
	create := func(_ *testing.T, v *vethTracker) { v.create(newlink) }
	remove := func(want bool) func(*testing.T, *vethTracker) {
		return func(t *testing.T, v *vethTracker) {
			t.Helper()
			if got := v.delete(dellink); got != want {
				t.Errorf("the driver is first to report the deletion: %t, want %t", got, want)
			}
		}
	}
	for name, steps := range map[string][]func(*testing.T, *vethTracker){
		"by notifications": {
			notify(vethCreated, up), count(true, up), notify(vethUnchanged, up), notify(vethChanged, renamed), count(false, renamed),
			notify(vethDeleted, down),
		},
		"by the driver, then by notifications": {
			create, count(true, newlink), notify(vethChanged, up), count(false, up), remove(true),
			notify(vethUnchanged, renamed), notify(vethGone, down),
		},
		"by notifications, then by the driver": {
			notify(vethCreated, up), count(true, up), create, count(false, newlink), notify(vethDeleted, down), remove(false),
		},
		"by the driver alone, twice with the same indexes": {
			create, count(true, newlink), remove(true), create, count(true, newlink), remove(true),
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVethTracker()
			for _, step := range steps {
				step(t, &v)
			}
			if len(v.pairs) != 0 {
				t.Errorf("%d ends are remembered of a pair that is gone", len(v.pairs))
			}
		})
	}
}

// TestVethTrackerBounds reports more pairs than the table has room for.
func TestVethTrackerBounds(t *testing.T) {
	v := newVethTracker()
	for i := range 2 * maxVethEnds {
		v.notify(&event.Event{Kind: event.KindLink, Message: "RTM_NEWLINK", LinkNS: 1, Index: i + 1})
	}
	if len(v.pairs) > maxVethEnds {
		t.Errorf("%d ends in a table of %d", len(v.pairs), maxVethEnds)
	}
}

// TestVethDeletedByKernel deletes pairs as the kernel does for all nodes on a host, when
// a network namespace ends: by no process that the exporter's node has. Only the pair
// that is known is the node's.
func TestVethDeletedByKernel(t *testing.T) {
	o := &tally{t: t}
	a := New(Config{}, o, o)
	newlink := &event.Event{Time: 10, Kind: event.KindVethNewlink, PID: 5, LinkNS: 1, Index: 7, Name: "a", TargetNS: 2, PeerIndex: 8, PeerName: "eth0"}
	a.Handle(newlink)
	for i, ns := range []uint32{1, 1, 9} { // ours, ours again, and another node's
		a.Handle(&event.Event{Time: 20 + int64(i), Kind: event.KindVethDellink, LinkNS: ns, Index: 7, Name: "a", TargetNS: ns + 1, PeerIndex: 8, PeerName: "eth0"})
	}
	deleted := slices.DeleteFunc(slices.Clone(o.veths), func(v VethChanged) bool { return !v.Deleted })
	if len(deleted) != 1 {
		t.Errorf("%d pairs deleted, want 1: %+v", len(deleted), o.veths)
	}
	checkConservation(t, a)
}

// TestVethOfRefusedTool creates a veth by a network program that belongs to no
// start: the pair is counted as created for something else.
func TestVethOfRefusedTool(t *testing.T) {
	o := &tally{t: t}
	a := New(Config{}, o, o)
	a.Handle(&event.Event{Time: 10, Kind: event.KindExec, PID: 5, StartTime: 1, File: "/usr/lib/cni/bridge", Args: []string{"/usr/lib/cni/bridge"},
		Env: []string{"CNI_COMMAND=DEL", "CNI_CONTAINERID=abc"}})
	a.Handle(&event.Event{Time: 20, Kind: event.KindVethNewlink, PID: 5, StartTime: 1, LinkNS: 1, Index: 7, Name: "a", TargetNS: 1, PeerIndex: 8, PeerName: "b"})
	if len(o.veths) != 1 || o.veths[0] != (VethChanged{Origin: OriginOther}) {
		t.Errorf("veths: %+v, want one created for something else", o.veths)
	}
	checkConservation(t, a)
}
