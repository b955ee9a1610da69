package collector

import (
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// deferredEvent is an event that is joined to a start by its keys, now or later.
type deferredEvent struct {
	a    *Assembler
	o    *origin
	e    *event.Event
	size int // bytes, with its keys
}

func (a *Assembler) deferred(e *event.Event, keys []join.Key) deferredEvent {
	return deferredEvent{a, a.originOf(e), e, e.Size() + sizeOf(keys)}
}

// sizeOf returns about how many bytes keys occupy, and what waits for them.
func sizeOf(keys []join.Key) (n int) {
	for _, k := range keys {
		n += len(k.Text()) + 128
	}
	return n
}

// At returns when the event happened.
func (d deferredEvent) At() int64 { return d.e.Time }

// Resolve joins the event to a start.
func (d deferredEvent) Resolve(att *attempt) {
	d.a.ledger.join()
	d.o.waitingBytes -= d.size
	d.a.apply(att, d.e)
}

// Expire gives the event up: no start owned one of its keys in time.
func (d deferredEvent) Expire() {
	d.a.ledger.expire()
	d.o.waitingBytes -= d.size
	d.a.expire(d.e)
}

// deferEvent joins an event by its keys, or lets it wait until a start owns one.
func (a *Assembler) deferEvent(e *event.Event, keys ...join.Key) disposition {
	d := a.deferred(e, keys)
	return a.deferJoin(d, d.o, d.size, keys)
}

// deferJoin joins w, which stands for an event of an origin and occupies so many bytes,
// by its keys, or lets it wait until a start of that origin owns one.
func (a *Assembler) deferJoin(w join.Waiter[*attempt], o *origin, size int, keys []join.Key) disposition {
	a.ledger.wait()
	o.waitingBytes += size
	o.joins.Wait(w, a.clock.now, keys)
	a.boundWaiting(o)
	return pending
}

// boundWaiting lets the oldest of what waits for an origin's starts give way until all
// of it fits.
func (a *Assembler) boundWaiting(o *origin) {
	for o.waitingBytes > a.origins.maxWaitingBytes(o) && o.joins.Waiting() > 0 {
		o.joins.Evict()
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
	case event.KindCgroupMkdir:
		att.addCgroup(e, e.Time)
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
