package collector

import "time"

// vethEnd is where one end of a pair is seen.
type vethEnd struct {
	ns    uint32
	index int
}

// vethPair is a pair of which at least one end is in a namespace that the
// exporter listens in.
type vethPair struct {
	movedEnd vethEnd // the end that was moved to another namespace
	lastSeen map[vethEnd]endState
	created  bool // the driver has told of it
	counted  bool
	deleted  bool // only notifications may follow
}

// toldEnd is what the latest notification has told of an end: there are many
// that tell nothing new.
type endState struct {
	name string
	peer int
}

// vethPairs are the pairs by each end that is seen. They are for counting: a
// pair is made once and deleted once, however often its ends move.
type vethPairs map[vethEnd]*vethPair

// maxPairs bounds the table.
const maxPairs = 65536

// put adds an end of a pair.
func (p vethPairs) put(end vethEnd, pair *vethPair) {
	if _, known := p[end]; end.index != 0 && (known || len(p) < maxPairs) {
		p[end] = pair
	}
}

// of returns the pair of which this is an end, nil if there is none.
func (p vethPairs) of(ends ...vethEnd) *vethPair {
	for _, end := range ends {
		if pair := p[end]; pair != nil && end.index != 0 {
			return pair
		}
	}
	return nil
}

// endsOf are both ends of the pair that the driver tells of.
func endsOf(e *Event) (end, peer vethEnd) {
	return vethEnd{e.LinkNS, e.Index}, vethEnd{e.TargetNS, e.PeerIndex}
}

// vethMade takes a new pair from its driver, which tells of all network
// namespaces. A notification may have come before.
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

// vethKeys are the interfaces of a pair that the driver tells of.
func vethKeys(e *Event) []key {
	keys := []key{interfaceKey(e.LinkNS, e.Index), ifnameKey(e.LinkNS, e.Name)}
	if e.PeerIndex != 0 {
		keys = append(keys, interfaceKey(e.TargetNS, e.PeerIndex), ifnameKey(e.TargetNS, e.PeerName),
			netnsKey(e.TargetNS))
	}
	return append(keys, netnsKey(e.LinkNS))
}

// pairMade adds a pair that the driver tells of to the start that it was made
// for: the request which made it follows, when it returns.
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

// madeBy finds the pair that was made within a request: by its thread, while
// it was in it.
func (att *attempt) vethEventOf(request *Event) *Event {
	for _, e := range att.vethEvents {
		if e.PID == request.PID && e.TID == request.TID && e.Began() >= request.Began() && e.Time <= request.Time {
			return e
		}
	}
	return nil
}

// countPair counts a new pair once, whoever tells of it.
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

// vethDeleted takes the deletion of a pair from its driver. Where notifications
// come from, they follow, and the pair stays until they do.
func (a *Assembler) onVethDellink(e *Event) disposition {
	end, peer := endsOf(e)
	pair := a.pairs.of(end, peer)
	if pair == nil {
		pair = &vethPair{}
	}
	for _, one := range []vethEnd{end, peer} {
		delete(a.pairs, one)
		if one.ns == a.notifiedNetNS {
			a.pairs.put(one, pair)
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

// link takes a notification of rtnetlink.
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
			a.pairs.put(peer, pair) // it was there before us: the other end goes next
		}
		return unrelated
	}
	if pair.deleted {
		return unrelated // that it went down, before the kernel lets go of it
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

// newPair is the notification that makes a pair known: whose that is says for
// whom the pair was made.
type newPair struct{ deferredEvent }

func (p newPair) join(att *attempt) {
	p.a.countVeth(p.e, OriginStart)
	p.deferredEvent.join(att)
}

func (p newPair) expire() {
	p.a.countVeth(p.e, OriginOther)
	p.deferredEvent.expire()
}

// unlink takes an end away: the pair was deleted.
func (a *Assembler) unlink(e *Event, end vethEnd, pair *vethPair) {
	a.joiner.retire(ifnameKey(e.LinkNS, e.Name), e.Time)
	delete(a.pairs, end)
	delete(a.pairs, pair.movedEnd) // nobody will tell us of that end
	if !pair.deleted {
		pair.deleted = true
		a.observer.Veth(VethChanged{Deleted: true})
	}
}
