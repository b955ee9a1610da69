package collector

import (
	"cmp"
	"net/netip"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// onNetlink handles a request to rtnetlink. A request shows which process asks,
// and has the name or the index of the interface; the notification that follows
// has both.
func (a *Assembler) onNetlink(e *event.Event) disposition {
	p := a.processOf(e)
	if e.Ret < 0 {
		return unrelated
	}
	if att := p.currentStart(); att != nil {
		a.applyRequest(att, e)
		return joined
	}
	if p.netTool != nil {
		return p.netTool.onEvent(e)
	}
	if keys := requestKeys(e); len(keys) > 0 {
		return a.deferEvent(e, keys...)
	}
	return unrelated
}

// requestKeys returns the keys that a request can be joined by: the interface, and the
// network namespace that it is in, is moved to, or gets an address in.
func requestKeys(e *event.Event) []join.Key {
	keys := linkKeys(e)
	if e.TargetNS != 0 {
		keys = append(keys, join.Netns(e.TargetNS))
	}
	if e.LinkNS != 0 {
		keys = append(keys, join.Netns(e.LinkNS))
	}
	return keys
}

// linkKeys returns the keys of the interfaces in a request or a notification. The
// peer of a new veth is created in another namespace if the request says so.
func linkKeys(e *event.Event) []join.Key {
	var keys []join.Key
	if e.Index != 0 {
		keys = append(keys, join.Interface(e.LinkNS, e.Index))
	}
	if e.PeerIndex != 0 {
		keys = append(keys, join.Interface(e.LinkNS, e.PeerIndex))
	}
	if e.Name != "" {
		keys = append(keys, join.Ifname(e.LinkNS, e.Name))
	}
	if e.PeerName != "" {
		keys = append(keys, join.Ifname(cmp.Or(e.TargetNS, e.LinkNS), e.PeerName))
	}
	return keys
}

// applyRequest adds a request to rtnetlink to the start that it was made for.
func (a *Assembler) applyRequest(att *attempt, e *event.Event) {
	n := &att.network
	n.work(e.Began(), e.Time)
	switch {
	case e.Message == "RTM_NEWLINK" && e.LinkType == "veth":
		att.extendBegin(e.Began())
		n.addVeth(e, att.origin.joins.Owns(att, join.Netns(e.LinkNS)), att.origin.joins.Owns(att, join.Netns(e.TargetNS)), a.veths.hears(e.LinkNS, e.TargetNS))
		a.ownLinks(att, e)
	case e.Message == "RTM_SETLINK" && e.TargetNS != 0:
		l := n.link(e.Index)
		l.moved, l.unheard = true, !a.veths.hears(e.LinkNS)
		a.ownLinks(att, e)
	case e.Message == "RTM_SETLINK" && e.Name != "" && att.origin.joins.Owns(att, join.Netns(e.LinkNS)):
		n.link(e.Index).renamed = e.Name
	case e.Message == "RTM_SETLINK" && n.hostNameUnknown():
		a.ownLinks(att, e)
	case e.Message == "RTM_NEWADDR" && att.origin.joins.Owns(att, join.Netns(e.LinkNS)):
		a.applyAddress(att, e)
	}
}

// applyAddress adds an address that an interface of the start is given. The start
// owns the address as seen from the engine's network namespace, too.
func (a *Assembler) applyAddress(att *attempt, e *event.Event) {
	l := att.network.link(e.Index)
	l.address = cmp.Or(l.address, e.Address)
	p, err := netip.ParsePrefix(e.Address)
	if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
		return
	}
	if engine := a.processes.byPID[e.PID]; engine != nil && engine.originNetNS != 0 {
		att.origin.joins.Own(att, e.Time, join.Address(engine.originNetNS, p.Addr()))
	}
}

// applyNotification adds a notification about an interface of the start.
func (a *Assembler) applyNotification(att *attempt, e *event.Event) {
	att.network.link(e.Index).name = e.Name
	a.ownLinks(att, e)
}

// ownLinks makes the start own the interfaces of an event.
func (a *Assembler) ownLinks(att *attempt, e *event.Event) {
	for _, k := range linkKeys(e) {
		att.origin.joins.Own(att, e.Time, k)
	}
}
