package collector

import (
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// deferredEvent is an event that is joined to a start by its keys, now or later.
type deferredEvent struct {
	a *Assembler
	e *event.Event
}

// At returns when the event happened.
func (d deferredEvent) At() int64 { return d.e.Time }

// Resolve joins the event to a start.
func (d deferredEvent) Resolve(att *attempt) {
	d.a.ledger.join(d.e)
	d.a.apply(att, d.e)
}

// Expire gives the event up: no start owned one of its keys in time.
func (d deferredEvent) Expire() {
	d.a.ledger.expire(d.e)
	d.a.expire(d.e)
}

// deferEvent joins an event by its keys, or lets it wait until a start owns one.
func (a *Assembler) deferEvent(e *event.Event, keys ...join.Key) disposition {
	return a.deferJoin(deferredEvent{a, e}, e, keys)
}

// deferJoin joins w, which stands for an event, by its keys, or lets it wait until a
// start owns one.
func (a *Assembler) deferJoin(w join.Waiter[*attempt], e *event.Event, keys []join.Key) disposition {
	a.ledger.wait(e)
	a.joins.Wait(w, a.clock.now, keys)
	a.boundWaiting()
	return pending
}

// boundWaiting lets the oldest of what waits give way until all of it fits.
func (a *Assembler) boundWaiting() {
	for a.ledger.waitingBytes > maxWaitingBytes && a.joins.Waiting() > 0 {
		a.joins.Evict()
	}
}

// apply adds an event to the start that it was joined to.
func (a *Assembler) apply(att *attempt, e *event.Event) {
	switch e.Kind {
	case event.KindMount, event.KindMoveMount:
		a.applyEngineMount(att, e)
	case event.KindUnshare, event.KindFork:
		a.applyEngineNetns(att, e)
	case event.KindNetlink:
		a.applyRequest(att, e)
	case event.KindLink:
		a.applyNotification(att, e)
	case event.KindVethNewlink:
		a.applyVethCreated(att, e)
	}
}

// expire counts what an event that was joined to no start has created as
// created for something else.
func (a *Assembler) expire(e *event.Event) {
	switch e.Kind {
	case event.KindUnshare, event.KindFork:
		a.countNamespaces(e, OriginOther)
	case event.KindVethNewlink:
		a.countVeth(e, OriginOther)
	}
}
