package collector

// deferredEvent is an event that is joined to a start by its keys, now or later.
type deferredEvent struct {
	a *Assembler
	e *Event
}

func (d deferredEvent) at() int64 { return d.e.Time }

func (d deferredEvent) join(att *attempt) {
	d.a.waiting--
	d.a.joined++
	d.a.apply(att, d.e)
}

func (d deferredEvent) expire() {
	d.a.waiting--
	d.a.unjoined++
	d.a.expire(d.e)
}

// deferEvent joins an event by its keys, or lets it wait until a start owns one.
func (a *Assembler) deferEvent(e *Event, keys ...key) disposition {
	return a.deferJoin(deferredEvent{a, e}, keys)
}

// deferJoin joins w, which stands for one event, by its keys, or lets it wait
// until a start owns one.
func (a *Assembler) deferJoin(w waiter, keys []key) disposition {
	a.waiting++
	a.joiner.register(w, a.now, keys)
	return pending
}

// apply adds an event to the start that it was joined to.
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

// expire counts what an event that was joined to no start has created as
// created for something else.
func (a *Assembler) expire(e *Event) {
	switch e.Kind {
	case KindUnshare, KindFork:
		a.countNamespaces(e, OriginOther)
	case KindVethNewlink:
		a.countVeth(e, OriginOther)
	}
}
