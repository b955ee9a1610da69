package collector

import "slices"

// netlink takes what a process asks rtnetlink for. A request tells who asks,
// and names or numbers the interface; the notification that follows tells
// which number a name has.
func (a *Assembler) netlink(e *Event) verdict {
	a.processes.of(e)
	if keys := requestKeys(e); len(keys) > 0 && e.Ret >= 0 {
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
	if e.NetNS != 0 {
		keys = append(keys, netnsKey(e.NetNS))
	}
	return keys
}

// linkKeys are the interfaces that a request or a notification is about.
func linkKeys(e *Event) []key {
	var keys []key
	if e.Index != 0 {
		keys = append(keys, interfaceKey(e.NetNS, e.Index))
	}
	if e.PeerIndex != 0 {
		keys = append(keys, interfaceKey(e.NetNS, e.PeerIndex))
	}
	if e.Name != "" {
		keys = append(keys, ifnameKey(e.NetNS, e.Name))
	}
	if e.PeerName != "" {
		keys = append(keys, ifnameKey(e.NetNS, e.PeerName))
	}
	return keys
}

// request takes a request of rtnetlink for a start.
func (a *Assembler) request(t *attempt, e *Event) {
	inside := slices.Contains(t.keys, netnsKey(e.NetNS))
	switch {
	case e.Message == "RTM_NEWLINK" && e.LinkType == "veth":
		t.reach(e.Began())
		t.veths = append(t.veths, newVeth(e, inside))
		a.claim(t, e)
	case e.Message == "RTM_SETLINK" && e.TargetNS != 0:
		t.link(e.Index).moved = true
		a.claim(t, e)
	case e.Message == "RTM_SETLINK" && e.Name != "" && inside:
		t.link(e.Index).renamed = e.Name
	case e.Message == "RTM_NEWADDR" && inside && t.link(e.Index).address == "":
		t.link(e.Index).address = e.Address
	}
}

// notification takes a notification about an interface of a start's.
func (a *Assembler) notification(t *attempt, e *Event) {
	a.countVeth(e, OriginStart)
	t.link(e.Index).name = e.Name
	a.claim(t, e)
}

// claim makes the interfaces of an event the start's.
func (a *Assembler) claim(t *attempt, e *Event) {
	for _, k := range linkKeys(e) {
		a.joiner.own(t, k)
	}
}
