package collector

// heldEvent is an event that is joined by its keys.
type heldEvent struct {
	a *Assembler
	e *Event
}

func (h heldEvent) at() int64 { return h.e.Time }

func (h heldEvent) join(t *attempt) {
	h.a.waiting--
	h.a.joined++
	h.a.accept(t, h.e)
}

func (h heldEvent) expire() {
	h.a.waiting--
	h.a.unjoined++
	h.a.refuse(h.e)
}

// offer joins an event by its keys, or lets it wait for one.
func (a *Assembler) offer(e *Event, keys ...key) verdict {
	return a.hold(heldEvent{a, e}, keys)
}

// hold joins what stands for one event by its keys, or lets it wait for one.
func (a *Assembler) hold(c claimant, keys []key) verdict {
	a.waiting++
	a.joiner.offer(c, a.now, keys)
	return isHeld
}

// accept adds an event that was joined by a key to its start.
func (a *Assembler) accept(t *attempt, e *Event) {
	switch e.Kind {
	case KindMount, KindMoveMount:
		a.engineMount(t, e)
	case KindUnshare, KindFork:
		a.engineNetns(t, e)
	case KindNetlink:
		a.request(t, e)
	case KindLink:
		a.notification(t, e)
	case KindVethNewlink:
		a.pairMade(t, e)
	}
}

// refuse takes back an event that no start has wanted.
func (a *Assembler) refuse(e *Event) {
	switch e.Kind {
	case KindUnshare, KindFork:
		a.countNamespaces(e, OriginOther)
	case KindVethNewlink:
		a.countPair(e, OriginOther)
	}
}
