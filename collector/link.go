package collector

import (
	"cmp"
	"net/netip"
	"slices"
)

// networkOperations returns the operations of the network programs, and one that
// is the union of all that set up the network.
func (att *attempt) networkOperations(end int64) []*operation {
	var list []*operation
	busy := slices.Clone(att.network)
	for _, n := range att.netTools {
		o := n.finishedOperation(end)
		list = append(list, o)
		busy.add(o.begin, o.end)
	}
	for _, o := range att.operations {
		if o.name == OpNetns || o.name == OpHook && o.attributes["hook"] == "libnetwork-setkey" {
			busy.add(o.begin, cmp.Or(o.end, end))
		}
	}
	if len(busy) > 0 {
		begin, duration := busy.union(att.begin, end)
		list = append(list, &operation{name: OpNetwork, begin: begin, end: begin + duration})
	}
	return list
}

// onNetlink handles a request to rtnetlink. A request shows which process asks,
// and has the name or the index of the interface; the notification that follows
// has both.
func (a *Assembler) onNetlink(e *Event) disposition {
	p := a.processes.of(e)
	if e.Ret < 0 {
		return unrelated
	}
	if att := p.currentStart(); att != nil {
		a.applyRequest(att, e)
		return joined
	}
	if p.netTool != nil {
		return p.netTool.take(e)
	}
	if keys := requestKeys(e); len(keys) > 0 {
		return a.deferEvent(e, keys...)
	}
	return unrelated
}

// requestKeys returns the keys that a request can be joined by: the interface, and the
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

// linkKeys returns the keys of the interfaces in a request or a notification. The
// peer of a new veth is created in another namespace if the request says so.
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

// applyRequest adds a request to rtnetlink to the start that it was made for.
func (a *Assembler) applyRequest(att *attempt, e *Event) {
	att.network.add(e.Began(), e.Time)
	switch {
	case e.Message == "RTM_NEWLINK" && e.LinkType == "veth":
		att.extendBegin(e.Began())
		att.veths = append(att.veths, &veth{
			name: e.Name, peer: e.PeerName, begin: e.Began(), end: e.Time, event: att.vethEventOf(e),
			inside: att.owns(netnsKey(e.LinkNS)), peerInside: att.owns(netnsKey(e.TargetNS)),
		})
		a.ownLinks(att, e)
	case e.Message == "RTM_SETLINK" && e.TargetNS != 0:
		att.link(e.Index).moved = true
		a.ownLinks(att, e)
	case e.Message == "RTM_SETLINK" && e.Name != "" && att.owns(netnsKey(e.LinkNS)):
		att.link(e.Index).renamed = e.Name
	case e.Message == "RTM_SETLINK" && att.hostNameUnknown():
		a.ownLinks(att, e)
	case e.Message == "RTM_NEWADDR" && att.owns(netnsKey(e.LinkNS)):
		a.applyAddress(att, e)
	}
}

// applyAddress adds an address that an interface of the start is given. The start
// owns the address as seen from the engine's network namespace, too.
func (a *Assembler) applyAddress(att *attempt, e *Event) {
	l := att.link(e.Index)
	l.address = cmp.Or(l.address, e.Address)
	p, err := netip.ParsePrefix(e.Address)
	if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
		return
	}
	if engine := a.processes.byPID[e.PID]; engine != nil && engine.originNetNS != 0 {
		a.joiner.own(att, e.Time, addressKey(engine.originNetNS, p.Addr()))
	}
}

// owns reports whether the start owns a key.
func (att *attempt) owns(k key) bool { return slices.Contains(att.keys, k) }

// applyNotification adds a notification about an interface of the start.
func (a *Assembler) applyNotification(att *attempt, e *Event) {
	att.link(e.Index).name = e.Name
	a.ownLinks(att, e)
}

// ownLinks makes the start own the interfaces of an event.
func (a *Assembler) ownLinks(att *attempt, e *Event) {
	for _, k := range linkKeys(e) {
		a.joiner.own(att, e.Time, k)
	}
}
