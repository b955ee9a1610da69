package collector

// heldEvent is an event that is joined by its keys.
type deferredEvent struct {
	a *Assembler
	e *Event
}

func (h deferredEvent) at() int64 { return h.e.Time }

func (h deferredEvent) join(att *attempt) {
	h.a.waiting--
	h.a.joined++
	h.a.apply(att, h.e)
}

func (h deferredEvent) expire() {
	h.a.waiting--
	h.a.unjoined++
	h.a.expire(h.e)
}

// offer joins an event by its keys, or lets it wait for one.
func (a *Assembler) deferEvent(e *Event, keys ...key) disposition {
	return a.deferJoin(deferredEvent{a, e}, keys)
}

// hold joins what stands for one event by its keys, or lets it wait for one.
func (a *Assembler) deferJoin(c claimant, keys []key) disposition {
	a.waiting++
	a.joiner.offer(c, a.now, keys)
	return pending
}

// accept adds an event that was joined by a key to its start.
func (a *Assembler) apply(att *attempt, e *Event) {
	switch e.Kind {
	case KindMount, KindMoveMount:
		a.applyEngineMount(att, e)
	case KindUnshare, KindFork:
		a.applyEngineNetns(att, e)
	case KindNetlink:
		a.applyRequest(att, e)
	case KindLink:
		a.applyNotification(att, e)
	case KindVethNewlink:
		a.applyVethCreated(att, e)
	}
}

// refuse takes back an event that no start has wanted.
func (a *Assembler) expire(e *Event) {
	switch e.Kind {
	case KindUnshare, KindFork:
		a.countNamespaces(e, OriginOther)
	case KindVethNewlink:
		a.countVeth(e, OriginOther)
	}
}
