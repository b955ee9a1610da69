package collector

import (
	"slices"

	"container_start_exporter/collector/event"
)

// vethTracker follows the veth pairs of the node, to count them: a pair is created
// once and deleted once, however often its ends move. Two sources report pairs: the
// kernel's veth driver, for all network namespaces, and rtnetlink's notifications,
// for the namespace that the exporter listens in. Either may be first, or alone.
type vethTracker struct {
	pairs    map[vethEnd]*vethPair // by each end that is seen
	notified uint32                // the network namespace that notifications come from
}

// vethEnd identifies one end of a pair: its network namespace and its index there.
type vethEnd struct {
	ns    uint32
	index int
}

// vethPair is a pair of which at least one end was reported.
type vethPair struct {
	movedEnd vethEnd // the end that was moved to another namespace
	lastSeen map[vethEnd]endState
	created  bool // the driver has reported its creation
	counted  bool // its creation was counted
	deleted  bool // only notifications may follow
}

// endState is an end's state in its latest notification: many notifications
// change nothing.
type endState struct {
	name string
	peer int
}

// maxVethEnds bounds the ends in the table.
const maxVethEnds = 65536

// vethChange is what a notification says about a pair.
type vethChange uint8

const (
	vethUnchanged vethChange = iota
	vethCreated              // a pair that was not known
	vethChanged              // an end was moved, renamed or given a peer
	vethDeleted              // the first report of its deletion
	vethGone                 // another report of its deletion
)

func newVethTracker() vethTracker { return vethTracker{pairs: make(map[vethEnd]*vethPair)} }

func newVethPair() *vethPair { return &vethPair{lastSeen: make(map[vethEnd]endState, 2)} }

// hears reports whether notifications come from one of the network namespaces.
func (t *vethTracker) hears(netNS ...uint32) bool {
	return t.notified != 0 && slices.Contains(netNS, t.notified)
}

// put adds an end of a pair, unless the table is full.
func (t *vethTracker) put(end vethEnd, pair *vethPair) {
	if _, known := t.pairs[end]; end.index != 0 && (known || len(t.pairs) < maxVethEnds) {
		t.pairs[end] = pair
	}
}

// find returns the pair that has one of these ends, nil if there is none.
func (t *vethTracker) find(ends ...vethEnd) *vethPair {
	for _, end := range ends {
		if pair := t.pairs[end]; pair != nil && end.index != 0 {
			return pair
		}
	}
	return nil
}

// driverEnds returns both ends of the pair in an event of the driver.
func driverEnds(e *event.Event) (end, peer vethEnd) {
	return vethEnd{e.LinkNS, e.Index}, vethEnd{e.TargetNS, e.PeerIndex}
}

// notifiedEnds returns both ends of the pair in a notification; the peer is in the
// same namespace if it has an index.
func notifiedEnds(e *event.Event) (end, peer vethEnd) {
	return vethEnd{e.LinkNS, e.Index}, vethEnd{e.LinkNS, e.PeerIndex}
}

// create handles the creation of a pair, as the driver reports it.
func (t *vethTracker) create(e *event.Event) {
	end, peer := driverEnds(e)
	pair := t.find(end, peer)
	if pair == nil || pair.created || pair.deleted {
		pair = newVethPair()
	}
	pair.created = true
	t.put(end, pair)
	t.put(peer, pair)
}

// knows reports whether a pair in an event of the driver was reported before.
func (t *vethTracker) knows(e *event.Event) bool { return t.find(driverEnds(e)) != nil }

// delete handles the deletion of a pair, as the driver reports it, and returns
// whether that is the first report of it. An end stays if its notification is still
// to follow.
func (t *vethTracker) delete(e *event.Event) (first bool) {
	end, peer := driverEnds(e)
	pair := t.find(end, peer)
	unknown := pair == nil
	if unknown {
		pair = &vethPair{}
	}
	for _, deleted := range []vethEnd{end, peer} {
		_, present := t.pairs[deleted]
		delete(t.pairs, deleted)
		if deleted.ns == t.notified && (present || unknown) {
			t.put(deleted, pair)
		}
	}
	first = !pair.deleted
	pair.deleted = true
	return first
}

// notify handles a notification about a veth.
func (t *vethTracker) notify(e *event.Event) vethChange {
	t.notified = e.LinkNS
	end, peer := notifiedEnds(e)
	pair := t.find(end, peer)
	isNew := pair == nil
	if isNew {
		pair = newVethPair()
	}
	switch {
	case e.Message == "RTM_DELLINK" && e.Moved:
		pair.movedEnd = end
		return vethChanged
	case e.Message == "RTM_DELLINK":
		return t.unlink(pair, end, peer, isNew)
	case pair.deleted:
		return vethUnchanged // the end went down, before the kernel removes it
	}
	now := endState{e.Name, e.PeerIndex}
	if before, ok := pair.lastSeen[end]; ok && before == now && pair.movedEnd != end {
		return vethUnchanged
	}
	pair.lastSeen[end] = now
	if pair.movedEnd == end {
		pair.movedEnd = vethEnd{}
	}
	t.put(end, pair)
	t.put(peer, pair)
	if isNew {
		return vethCreated
	}
	return vethChanged
}

// unlink removes an end of a pair that was deleted.
func (t *vethTracker) unlink(pair *vethPair, end, peer vethEnd, isNew bool) vethChange {
	delete(t.pairs, end)
	delete(t.pairs, pair.movedEnd) // no notification of that end follows
	if isNew {
		t.put(peer, pair) // older than the exporter: the other end is deleted next
	}
	if pair.deleted {
		return vethGone
	}
	pair.deleted = true
	return vethDeleted
}

// count returns whether the creation of a pair, in an event of either source, is to
// be counted: once for each pair.
func (t *vethTracker) count(e *event.Event) bool {
	end, peer := notifiedEnds(e)
	if e.Kind == event.KindVethNewlink {
		end, peer = driverEnds(e)
	}
	pair := t.find(end, peer)
	if pair == nil {
		return true
	}
	first := !pair.counted
	pair.counted = true
	return first
}
