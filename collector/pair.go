package collector

import "time"

// vethEnd identifies one end of a pair: its network namespace and its index there.
type vethEnd struct {
	ns    uint32
	index int
}

// vethPair is a pair that the driver has reported, or that has at least one end
// in the network namespace that notifications come from.
type vethPair struct {
	movedEnd vethEnd // the end that was moved to another namespace
	lastSeen map[vethEnd]endState
	created  bool // the driver has reported its creation
	counted  bool // its creation was reported to the observer
	deleted  bool // only notifications may follow
}

// endState is an end's state in its latest notification: many notifications
// change nothing.
type endState struct {
	name string
	peer int
}

// vethPairs are the pairs by each end that is seen. They serve to count: a pair
// is created once and deleted once, however often its ends move.
type vethPairs map[vethEnd]*vethPair

// maxPairs bounds the ends in the table.
const maxPairs = 65536

// put adds an end of a pair, unless the table is full.
func (p vethPairs) put(end vethEnd, pair *vethPair) {
	if _, known := p[end]; end.index != 0 && (known || len(p) < maxPairs) {
		p[end] = pair
	}
}

// of returns the pair that has one of these ends, nil if there is none.
func (p vethPairs) of(ends ...vethEnd) *vethPair {
	for _, end := range ends {
		if pair := p[end]; pair != nil && end.index != 0 {
			return pair
		}
	}
	return nil
}

// endsOf returns both ends of the pair in an event of the driver.
func endsOf(e *Event) (end, peer vethEnd) {
	return vethEnd{e.LinkNS, e.Index}, vethEnd{e.TargetNS, e.PeerIndex}
}

// onVethNewlink handles the creation of a pair, as the driver reports it for all
// network namespaces. A notification may have come before.
func (a *Assembler) onVethNewlink(e *Event) disposition {
	if e.Ret < 0 {
		return unrelated
	}
	end, peer := endsOf(e)
	pair := a.pairs.of(end, peer)
	if pair == nil || pair.created || pair.deleted {
		pair = &vethPair{lastSeen: make(map[vethEnd]endState, 2)}
	}
	pair.created = true
	a.pairs.put(end, pair)
	a.pairs.put(peer, pair)
	a.observer.VethTime(VethTime{Duration: time.Duration(e.Duration), Waited: time.Duration(e.Waited)})
	p := a.processes.find(e.PID, e.Born)
	if att := p.currentStart(); att != nil {
		a.apply(att, e)
		return joined
	}
	if p != nil && p.netTool != nil {
		return p.netTool.take(e)
	}
	return a.deferEvent(e, vethKeys(e)...)
}

// vethKeys returns the keys of a pair in an event of the driver: its interfaces and
// their network namespaces.
func vethKeys(e *Event) []key {
	keys := []key{interfaceKey(e.LinkNS, e.Index), ifnameKey(e.LinkNS, e.Name)}
	if e.PeerIndex != 0 {
		keys = append(keys, interfaceKey(e.TargetNS, e.PeerIndex), ifnameKey(e.TargetNS, e.PeerName),
			netnsKey(e.TargetNS))
	}
	return append(keys, netnsKey(e.LinkNS))
}

// applyVethCreated adds a pair that the driver reports to the start that it was
// created for. The request that created it follows when it returns.
func (a *Assembler) applyVethCreated(att *attempt, e *Event) {
	a.countVeth(e, OriginStart)
	if len(att.vethEvents) < maxDeferred {
		att.vethEvents = append(att.vethEvents, e)
	}
	a.joiner.own(att, e.Time, interfaceKey(e.LinkNS, e.Index), ifnameKey(e.LinkNS, e.Name))
	if e.PeerIndex != 0 {
		a.joiner.own(att, e.Time, interfaceKey(e.TargetNS, e.PeerIndex), ifnameKey(e.TargetNS, e.PeerName))
	}
}

// vethEventOf returns the driver's event of the pair that a request created: by
// the same thread, during the request; nil if there is none.
func (att *attempt) vethEventOf(request *Event) *Event {
	for _, e := range att.vethEvents {
		if e.PID == request.PID && e.TID == request.TID && e.Began() >= request.Began() && e.Time <= request.Time {
			return e
		}
	}
	return nil
}

// countVeth reports a new pair to the observer once: the driver and rtnetlink both
// report it.
func (a *Assembler) countVeth(e *Event, origin Origin) {
	end, peer := vethEnd{e.LinkNS, e.Index}, vethEnd{e.LinkNS, e.PeerIndex}
	if e.Kind == KindVethNewlink {
		end, peer = endsOf(e)
	}
	pair := a.pairs.of(end, peer)
	if pair != nil && pair.counted {
		return
	}
	if pair != nil {
		pair.counted = true
	}
	a.observer.Veth(VethChanged{Origin: origin})
}

// onVethDellink handles the deletion of a pair, as the driver reports it. An end
// in the namespace that notifications come from stays until its notification follows.
func (a *Assembler) onVethDellink(e *Event) disposition {
	end, peer := endsOf(e)
	pair := a.pairs.of(end, peer)
	if pair == nil {
		pair = &vethPair{}
	}
	for _, deleted := range []vethEnd{end, peer} {
		delete(a.pairs, deleted)
		if deleted.ns == a.notifiedNetNS {
			a.pairs.put(deleted, pair)
		}
	}
	a.joiner.retire(ifnameKey(e.LinkNS, e.Name), e.Time)
	a.joiner.retire(ifnameKey(e.TargetNS, e.PeerName), e.Time)
	if !pair.deleted {
		pair.deleted = true
		a.observer.Veth(VethChanged{Deleted: true})
	}
	return unrelated
}

// onLink handles a notification of rtnetlink.
func (a *Assembler) onLink(e *Event) disposition {
	if e.LinkType != "veth" || e.Index == 0 {
		return unrelated
	}
	a.notifiedNetNS = e.LinkNS
	end, peer := vethEnd{e.LinkNS, e.Index}, vethEnd{e.LinkNS, e.PeerIndex}
	pair := a.pairs.of(end, peer)
	isNew := pair == nil
	if isNew {
		pair = &vethPair{lastSeen: make(map[vethEnd]endState, 2)}
	}
	if e.Message == "RTM_DELLINK" && e.Moved {
		pair.movedEnd = end
		return a.deferEvent(e, linkKeys(e)...)
	}
	if e.Message == "RTM_DELLINK" {
		a.unlink(e, end, pair)
		if isNew {
			a.pairs.put(peer, pair) // older than the exporter: the other end is deleted next
		}
		return unrelated
	}
	if pair.deleted {
		return unrelated // the end went down, before the kernel removes it
	}
	now := endState{e.Name, e.PeerIndex}
	if before, ok := pair.lastSeen[end]; ok && before == now && pair.movedEnd != end {
		return unrelated
	}
	pair.lastSeen[end] = now
	if pair.movedEnd == end {
		pair.movedEnd = vethEnd{}
	}
	a.pairs.put(end, pair)
	a.pairs.put(peer, pair)
	if isNew {
		return a.deferJoin(newPair{deferredEvent{a, e}}, linkKeys(e))
	}
	return a.deferEvent(e, linkKeys(e)...)
}

// newPair is the notification that makes a pair known: the pair was created for
// the start that it is joined to.
type newPair struct{ deferredEvent }

func (n newPair) join(att *attempt) {
	n.a.countVeth(n.e, OriginStart)
	n.deferredEvent.join(att)
}

func (n newPair) expire() {
	n.a.countVeth(n.e, OriginOther)
	n.deferredEvent.expire()
}

// unlink removes an end of a pair that was deleted.
func (a *Assembler) unlink(e *Event, end vethEnd, pair *vethPair) {
	a.joiner.retire(ifnameKey(e.LinkNS, e.Name), e.Time)
	delete(a.pairs, end)
	delete(a.pairs, pair.movedEnd) // no notification of that end follows
	if !pair.deleted {
		pair.deleted = true
		a.observer.Veth(VethChanged{Deleted: true})
	}
}
