package collector

import (
	"cmp"
	"net/netip"
	"slices"
)

// networkOperations are what set up the network, and their union.
func (t *attempt) networkOperations(end int64) []*operation {
	var list []*operation
	busy := slices.Clone(t.network)
	for _, j := range t.jobs {
		o := j.done(end)
		list = append(list, o)
		busy.add(o.begin, o.end)
	}
	for _, o := range t.operations {
		if o.name == OpNetns || o.name == OpHook && o.attributes["hook"] == "libnetwork-setkey" {
			busy.add(o.begin, cmp.Or(o.end, end))
		}
	}
	if len(busy) > 0 {
		begin, took := busy.union(t.first, end)
		list = append(list, &operation{name: OpNetwork, begin: begin, end: begin + took})
	}
	return list
}

// netlink takes what a process asks rtnetlink for. A request tells who asks,
// and names or numbers the interface; the notification that follows tells
// which number a name has.
func (a *Assembler) netlink(e *Event) verdict {
	p := a.processes.of(e)
	if e.Ret < 0 {
		return isNode
	}
	if t := p.start(); t != nil {
		a.request(t, e)
		return isJoined
	}
	if p.job != nil {
		return p.job.take(e)
	}
	if keys := requestKeys(e); len(keys) > 0 {
		return a.offer(e, keys...)
	}
	return isNode
}

// requestKeys are what a request can be joined by: the interface, and the
// network namespace that it is in, is moved to, or gets an address in.
func requestKeys(e *Event) []key {
	keys := linkKeys(e)
	if e.TargetNS != 0 {
		keys = append(keys, netnsKey(e.TargetNS))
	}
	if e.LinkNS != 0 {
		keys = append(keys, netnsKey(e.LinkNS))
	}
	return keys
}

// linkKeys are the interfaces that a request or a notification is about. The
// peer of a new veth is made in another namespace if the request says so.
func linkKeys(e *Event) []key {
	var keys []key
	if e.Index != 0 {
		keys = append(keys, interfaceKey(e.LinkNS, e.Index))
	}
	if e.PeerIndex != 0 {
		keys = append(keys, interfaceKey(e.LinkNS, e.PeerIndex))
	}
	if e.Name != "" {
		keys = append(keys, ifnameKey(e.LinkNS, e.Name))
	}
	if e.PeerName != "" {
		keys = append(keys, ifnameKey(cmp.Or(e.TargetNS, e.LinkNS), e.PeerName))
	}
	return keys
}

// request takes a request of rtnetlink for a start.
func (a *Assembler) request(t *attempt, e *Event) {
	t.network.add(e.Began(), e.Time)
	switch {
	case e.Message == "RTM_NEWLINK" && e.LinkType == "veth":
		t.reach(e.Began())
		t.veths = append(t.veths, &veth{
			name: e.Name, peer: e.PeerName, begin: e.Began(), end: e.Time, made: t.madeBy(e),
			inside: t.owns(netnsKey(e.LinkNS)), peerInside: t.owns(netnsKey(e.TargetNS)),
		})
		a.claim(t, e)
	case e.Message == "RTM_SETLINK" && e.TargetNS != 0:
		t.link(e.Index).moved = true
		a.claim(t, e)
	case e.Message == "RTM_SETLINK" && e.Name != "" && t.owns(netnsKey(e.LinkNS)):
		t.link(e.Index).renamed = e.Name
	case e.Message == "RTM_SETLINK" && t.lacksName():
		a.claim(t, e)
	case e.Message == "RTM_NEWADDR" && t.owns(netnsKey(e.LinkNS)):
		a.addressed(t, e)
	}
}

// addressed takes an address that an interface of the start is given. It is
// the start's as seen from where the engine is, too.
func (a *Assembler) addressed(t *attempt, e *Event) {
	l := t.link(e.Index)
	l.address = cmp.Or(l.address, e.Address)
	p, err := netip.ParsePrefix(e.Address)
	if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
		return
	}
	if engine := a.processes.byPID[e.PID]; engine != nil && engine.home != 0 {
		a.joiner.own(t, e.Time, addressKey(engine.home, p.Addr()))
	}
}

// owns says that a key is the start's.
func (t *attempt) owns(k key) bool { return slices.Contains(t.keys, k) }

// notification takes a notification about an interface of a start's.
func (a *Assembler) notification(t *attempt, e *Event) {
	t.link(e.Index).name = e.Name
	a.claim(t, e)
}

// claim makes the interfaces of an event the start's.
func (a *Assembler) claim(t *attempt, e *Event) {
	for _, k := range linkKeys(e) {
		a.joiner.own(t, e.Time, k)
	}
}
