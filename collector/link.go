package collector

import (
	"cmp"
	"net/netip"
	"slices"
)

// networkOperations are what set up the network, and their union.
func (att *attempt) networkOperations(end int64) []*operation {
	var list []*operation
	busy := slices.Clone(att.network)
	for _, n := range att.netTools {
		o := n.done(end)
		list = append(list, o)
		busy.add(o.begin, o.end)
	}
	for _, o := range att.operations {
		if o.name == OpNetns || o.name == OpHook && o.attributes["hook"] == "libnetwork-setkey" {
			busy.add(o.begin, cmp.Or(o.end, end))
		}
	}
	if len(busy) > 0 {
		begin, took := busy.union(att.begin, end)
		list = append(list, &operation{name: OpNetwork, begin: begin, end: begin + took})
	}
	return list
}

// netlink takes what a process asks rtnetlink for. A request tells who asks,
// and names or numbers the interface; the notification that follows tells
// which number a name has.
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

// addressed takes an address that an interface of the start is given. It is
// the start's as seen from where the engine is, too.
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

// owns says that a key is the start's.
func (att *attempt) owns(k key) bool { return slices.Contains(att.keys, k) }

// notification takes a notification about an interface of a start's.
func (a *Assembler) applyNotification(att *attempt, e *Event) {
	att.link(e.Index).name = e.Name
	a.ownLinks(att, e)
}

// claim makes the interfaces of an event the start's.
func (a *Assembler) ownLinks(att *attempt, e *Event) {
	for _, k := range linkKeys(e) {
		a.joiner.own(att, e.Time, k)
	}
}
