package collector

import (
	"slices"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// netSetup is how the network of a start is set up.
type netSetup struct {
	veths  []*veth
	events []*event.Event // the veth driver's events of the pairs created for the start
	links  map[int]*link  // its interfaces by index
	tools  []*netTool     // the network programs run for it
	busy   intervals      // when rtnetlink requests and netns mounts worked on it

	overflowed bool // there was more than these have room for
	share      *share
}

// work records that something worked on the network.
func (n *netSetup) work(from, to int64) {
	if len(n.busy) >= maxBusy || !n.share.keep(16) {
		n.overflowed = true
		return
	}
	n.busy.add(from, to)
}

// addTool adds the run of a network program.
func (n *netSetup) addTool(tool *netTool) {
	if len(n.tools) >= maxNetTools || !n.share.keep(tool.size()) {
		n.overflowed = true
		return
	}
	n.tools = append(n.tools, tool)
}

// operations returns the operations of the network programs and the veths, and one
// that is the union of all that set up the network, which others may have a part
// in.
func (n *netSetup) operations(begin, end int64, others intervals) []*operation {
	var list []*operation
	busy := slices.Concat(n.busy, others)
	for _, tool := range n.tools {
		o := tool.finishedOperation(end)
		list = append(list, o)
		busy.add(o.begin, o.end)
	}
	if len(busy) > 0 {
		first, duration := busy.union(begin, end)
		list = append(list, &operation{name: start.OpNetwork, begin: first, end: first + duration})
	}
	for _, v := range n.confirmed() {
		list = append(list, &operation{name: start.OpVeth, begin: v.begin, end: v.end, attributes: vethAttributes(n.describe(v))})
	}
	return list
}

// describeAll returns the veths as a start's record has them.
func (n *netSetup) describeAll() []start.Veth {
	var list []start.Veth
	for _, v := range n.confirmed() {
		list = append(list, n.describe(v))
	}
	return list
}

// addEvent adds a pair that the driver reports. The request that created it follows
// when it returns.
func (n *netSetup) addEvent(e *event.Event) {
	if len(n.events) >= maxDeferred || !n.share.keep(e.Size()) {
		n.overflowed = true
		return
	}
	n.events = append(n.events, e)
}

// addVeth adds the pair that a request asked for; inside and peerInside say which of
// its ends were to be created in the container's namespace, notified whether
// notifications come from the namespace of either.
func (n *netSetup) addVeth(request *event.Event, inside, peerInside, notified bool) {
	if len(n.veths) >= maxVeths {
		n.veths = slices.DeleteFunc(n.veths, func(v *veth) bool { return !n.isConfirmed(v) })
	}
	if len(n.veths) >= maxVeths || !n.share.keep(200) {
		n.overflowed = true
		return
	}
	n.veths = append(n.veths, &veth{
		name: request.Name, peer: request.PeerName, begin: request.Began(), end: request.Time,
		event: n.eventOf(request), inside: inside, peerInside: peerInside, notified: notified,
	})
}

// confirmed returns the pairs that the kernel has made.
func (n *netSetup) confirmed() []*veth {
	return slices.DeleteFunc(slices.Clone(n.veths), func(v *veth) bool { return !n.isConfirmed(v) })
}

// isConfirmed reports whether the kernel has made a pair. A tracepoint shows a
// request, not that it was refused: the driver or a notification shows the pair. If
// no notification can come, the pair is one whose end was set up in the container.
func (n *netSetup) isConfirmed(v *veth) bool {
	if v.event != nil {
		return true
	}
	for _, l := range n.links {
		isEnd := l.name == v.name || l.name == v.peer || v.peerInside && v.name == "" && !l.moved
		if l.name != "" && isEnd || !v.notified && (l.address != "" || l.renamed != "") {
			return true
		}
	}
	return false
}

// eventOf returns the driver's event of the pair that a request created: by the
// same thread, during the request; nil if there is none.
func (n *netSetup) eventOf(request *event.Event) *event.Event {
	for _, e := range n.events {
		if e.PID == request.PID && e.TID == request.TID && e.Began() >= request.Began() && e.Time <= request.Time {
			return e
		}
	}
	return nil
}

// veth is a veth pair that was created for a start.
type veth struct {
	name, peer string // as created
	begin, end int64
	// inside: name was created in the container's namespace; peerInside: peer was.
	inside, peerInside bool
	notified           bool // a notification of it was to come
	// event is the driver's event of the pair, nil if it was not seen.
	event *event.Event
}

// link is what is known of an interface of a start, by its index. A move to
// another namespace keeps the index, unless that is in use there.
type link struct {
	name    string // in the namespace where it was created
	moved   bool   // into the container's namespace
	unheard bool   // from one that no notifications come from
	renamed string // its new name there
	address string // its address there
}

// link returns what is known of the interface with that index.
func (n *netSetup) link(index int) *link {
	if n.links == nil {
		n.links = make(map[int]*link)
	}
	l := n.links[index]
	if l != nil {
		return l
	}
	l = &link{}
	if len(n.links) >= maxLinks || !n.share.keep(200) {
		n.overflowed = true
		return l // for this event, and forgotten
	}
	n.links[index] = l
	return l
}

// creationUnseen reports whether a veth was moved into the container and its
// creation was not seen: the start began before the exporter started.
func (n *netSetup) creationUnseen() bool {
	for _, l := range n.links {
		isEnd := func(v *veth) bool { return v.name == l.name || v.peer == l.name }
		if l.moved && l.name != "" && !slices.ContainsFunc(n.veths, isEnd) {
			return true
		}
	}
	return false
}

// vethUnknown reports whether an interface was moved into the container of which nothing
// shows whether it is a veth: only the driver's event, or a notification, connects its
// index with the name that it was created by.
func (n *netSetup) vethUnknown() bool {
	if len(n.confirmed()) > 0 {
		return false
	}
	for _, l := range n.links {
		if l.moved && l.unheard && l.name == "" {
			return true
		}
	}
	return false
}

// hostNameUnknown reports whether the kernel has chosen the name of the host's
// end of a pair (netavark leaves that to it): the notification about the
// interface that is set up next has the name.
func (n *netSetup) hostNameUnknown() bool {
	return slices.ContainsFunc(n.veths, func(v *veth) bool { return v.peerInside && v.name == "" })
}
