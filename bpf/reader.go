package bpf

import (
	"errors"
	"os"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

const (
	// pollInterval is how long a record waits at most if nothing wakes the reader.
	pollInterval = 50 * time.Millisecond
	// clockInterval is how often a clock event is emitted.
	clockInterval = time.Second
	// clockStep is by how much the wall clock jumps at least if one is emitted at once:
	// less is the slewing of NTP, or a preemption between reading both clocks.
	clockStep = 10 * time.Millisecond
)

// reader delivers events to one sink. It belongs to one goroutine.
type reader struct {
	p      *Probes
	sink   func(*event.Event)
	record ringbuf.Record

	clock     time.Time    // of the last clock event
	offset    int64        // that it showed: wall clock - boot clock
	lost      losses       // at the last check
	overQuota *quotaLosses // at the last check
	lostCheck int64        // boot time of the last check
	links     []*event.Event
	steps     []*event.Event // of the wall clock
}

// Read delivers all events to sink, in order and from this goroutine. It returns
// nil after Close, and earlier only if waiting for the ring buffer (epoll_wait(2))
// or reading it fails: no more events are delivered then. A record that cannot be
// decoded is not an error: Stats counts it. Call Read once.
//
// The sink may keep the events. It must not call Drain.
func (p *Probes) Read(sink func(*event.Event)) error {
	r := &reader{p: p, sink: sink, lostCheck: bootNow(), overQuota: &quotaLosses{}}
	r.emitClock()
	for _, e := range p.snapshot {
		r.deliver(e)
	}
	p.snapshot = nil
	for {
		p.ring.SetDeadline(time.Now().Add(pollInterval))
		err := r.next()
		if errors.Is(err, ringbuf.ErrFlushed) {
			err = r.drain()
		}
		if errors.Is(err, ringbuf.ErrClosed) {
			return nil
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		r.afterBatch()
	}
}

// next waits for a record, and delivers it and all records behind it.
func (r *reader) next() error {
	if err := r.p.ring.ReadInto(&r.record); err != nil {
		return err
	}
	return r.batch()
}

// afterBatch delivers the events that do not come from the ring buffer.
func (r *reader) afterBatch() {
	r.pollSteps()
	if r.p.buffered() == 0 { // else events from before may be among those in the buffer
		r.deliverSteps(1<<63 - 1)
	}
	r.pollLinks()
	r.deliverLinks(1<<63 - 1)
	r.reportLost()
	if time.Since(r.clock) >= clockInterval && len(r.steps) == 0 {
		r.emitClock()
	}
}

// batch delivers the record that was just read, and all records that were behind
// it. The counters include all losses before these records: it reports them first.
func (r *reader) batch() error {
	behind := r.record.Remaining
	r.pollSteps()
	r.reportLost()
	r.pollLinks()
	for {
		r.decode(r.record.RawSample)
		if behind <= 0 {
			return nil
		}
		if err := r.p.ring.ReadInto(&r.record); err != nil {
			return err
		}
		behind -= sizeInRing(len(r.record.RawSample))
	}
}

// sizeInRing returns how many bytes a record of n bytes occupies in the ring
// buffer: with a header of 8 bytes, and padded to 8 (kernel/bpf/ringbuf.c).
func sizeInRing(n int) int { return (n + 8 + 7) &^ 7 }

func (r *reader) decode(raw []byte) {
	e, err := decode(raw)
	if err != nil {
		r.p.undecodable.Add(1)
		return
	}
	r.deliverSteps(e.Time)
	r.deliverLinks(e.Time)
	r.deliver(e)
}

func (r *reader) deliver(e *event.Event) {
	r.p.received[indexOf(e.Kind)].Add(1)
	if e.Truncated {
		r.p.truncated[indexOf(e.Kind)].Add(1)
	}
	r.sink(e)
}

func (r *reader) emitClock() {
	r.clock = time.Now()
	r.deliverClock(clockEvent())
}

func (r *reader) deliverClock(e *event.Event) {
	r.offset = e.Wall - e.Time
	r.sink(e)
}

// pollSteps fetches the clock events after each time that the wall clock was set. If it
// was set since the last one, and the watch does not know it, one is emitted now.
func (r *reader) pollSteps() {
	stepped := r.hasStepped()
	r.steps = append(r.steps, r.p.clock.fetch(stepped && len(r.steps) == 0)...)
	if stepped && len(r.steps) == 0 {
		r.emitClock()
	}
}

// hasStepped reports whether the wall clock was set since the last clock event.
func (r *reader) hasStepped() bool {
	step := clock(unix.CLOCK_REALTIME) - bootNow() - r.offset
	return time.Duration(step).Abs() >= clockStep
}

// deliverSteps delivers the clock events that were fetched until a boot time.
func (r *reader) deliverSteps(until int64) {
	for len(r.steps) > 0 && r.steps[0].Time <= until {
		r.deliverClock(r.steps[0])
		r.steps = r.steps[1:]
	}
}

// pollLinks fetches the link events so far.
func (r *reader) pollLinks() {
	if r.p.network != nil {
		r.links = append(r.links, r.p.network.fetch()...)
	}
}

// deliverLinks delivers the fetched link events until a boot time, so that they
// come in order between those of the ring buffer.
func (r *reader) deliverLinks(until int64) {
	for len(r.links) > 0 && r.links[0].Time <= until {
		r.deliver(r.links[0])
		r.links = r.links[1:]
	}
}

// reportLost emits a lost event for each counter of lost events that has grown
// since the last check.
func (r *reader) reportLost() {
	now, lost := bootNow(), r.p.losses()
	overQuota := false
	for loss, n := range lost.since(r.lost).all() {
		if loss.Cause == CauseOverQuota {
			overQuota = true
			continue
		}
		r.sink(&event.Event{Time: now, Kind: event.KindLost,
			Lost: n, What: string(loss.Kind), Cause: string(loss.Cause), Since: r.lostCheck})
	}
	if overQuota {
		r.reportOverQuota(now)
	}
	r.lost, r.lostCheck = lost, now
}

// reportOverQuota emits a lost event for each container that has lost some because of
// its quota since the last check: nobody else's starts lack them.
func (r *reader) reportOverQuota(now int64) {
	lost := r.p.quotaLosses()
	for slot, one := range lost {
		if n := one.lost - r.overQuota[slot].lost; n > 0 {
			r.sink(&event.Event{Time: now, Kind: event.KindLost,
				Lost: n, Cause: string(CauseOverQuota), Since: r.lostCheck, Nested: one.number})
		}
	}
	r.overQuota = lost
}

// drain delivers what is in the buffer now, then completes the Drain calls that
// were waiting before. It repeats this while new calls come: one of their flushes
// may have ended a batch in here.
func (r *reader) drain() error {
	for {
		r.p.mu.Lock()
		drains := r.p.drains
		r.p.drains = nil
		r.p.mu.Unlock()
		if len(drains) == 0 {
			return nil
		}
		if r.p.buffered() > 0 {
			err := r.next()
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, ringbuf.ErrFlushed) {
				return err
			}
		}
		r.afterBatch()
		for _, done := range drains {
			close(done)
		}
	}
}

// Drain returns nil when everything that happened before the call was delivered.
// Read must be running in another goroutine. The error is os.ErrClosed if the
// Probes are closed, before or meanwhile, and os.ErrDeadlineExceeded after the
// timeout; use errors.Is.
func (p *Probes) Drain(timeout time.Duration) error {
	done := make(chan struct{})
	p.mu.Lock()
	p.drains = append(p.drains, done)
	p.mu.Unlock()
	if err := p.ring.Flush(); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-p.closed:
		return os.ErrClosed
	case <-time.After(timeout):
		return os.ErrDeadlineExceeded
	}
}
