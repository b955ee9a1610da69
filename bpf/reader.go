package bpf

import (
	"errors"
	"os"
	"time"

	"container_start_exporter/collector"

	"github.com/cilium/ebpf/ringbuf"
)

// tick is how long a record may lie in the buffer before the reader comes for
// it unasked, and period how often the clock is told.
const (
	tick   = 50 * time.Millisecond
	period = time.Second
)

// reader delivers to one sink. It belongs to one goroutine.
type reader struct {
	p      *Probes
	sink   func(*collector.Event)
	record ringbuf.Record

	clock     time.Time // when it was told last
	lost      losses    // as of the last check
	lostCheck int64     // when that was
	links     []*collector.Event
}

// Read delivers all events, in their order and from this goroutine, until
// Close; then it returns nil. The sink may keep the events. It may not call
// Drain.
func (p *Probes) Read(sink func(*collector.Event)) error {
	r := &reader{p: p, sink: sink, lostCheck: bootNow()}
	r.tellClock()
	for _, e := range p.snapshot {
		r.deliver(e)
	}
	p.snapshot = nil
	for {
		p.ring.SetDeadline(time.Now().Add(tick))
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
		r.between()
	}
}

// next waits for a record and delivers it and all that are behind it.
func (r *reader) next() error {
	if err := r.p.ring.ReadInto(&r.record); err != nil {
		return err
	}
	return r.batch()
}

// between tells what does not come from the ring buffer.
func (r *reader) between() {
	r.takeLinks()
	r.deliverLinks(1<<63 - 1)
	r.tellLost()
	if time.Since(r.clock) >= period {
		r.tellClock()
	}
}

// batch delivers the record that was just read and all that were behind it.
// What was lost before any of these was counted by now: it is told first.
func (r *reader) batch() error {
	behind := r.record.Remaining
	r.tellLost()
	r.takeLinks()
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

// sizeInRing is what a record of n bytes occupies: a header of 8, and padding
// to 8 (kernel/bpf/ringbuf.c).
func sizeInRing(n int) int { return (n + 8 + 7) &^ 7 }

func (r *reader) decode(raw []byte) {
	e, err := decode(raw)
	if err != nil {
		r.p.bad.Add(1)
		return
	}
	r.deliverLinks(e.Time)
	r.deliver(e)
}

func (r *reader) deliver(e *collector.Event) {
	r.p.received[indexOf(e.Kind)].Add(1)
	r.sink(e)
}

func (r *reader) tellClock() {
	r.clock = time.Now()
	r.sink(clockEvent())
}

// takeLinks fetches the link events so far, deliverLinks delivers those until
// a time: between the ring buffer's, where they belong.
func (r *reader) takeLinks() {
	if r.p.network != nil {
		r.links = append(r.links, r.p.network.take()...)
	}
}

func (r *reader) deliverLinks(until int64) {
	for len(r.links) > 0 && r.links[0].Time <= until {
		r.deliver(r.links[0])
		r.links = r.links[1:]
	}
}

// tellLost compares the counters of lost events with those of the last check.
func (r *reader) tellLost() {
	now, lost := bootNow(), r.p.losses()
	for i, n := range lost {
		if n > r.lost[i] {
			r.sink(&collector.Event{Time: now, Kind: collector.KindLost,
				Lost: n - r.lost[i], What: string(kindNames[i]), Since: r.lostCheck})
		}
	}
	r.lost, r.lostCheck = lost, now
}

// drain delivers what is in the buffer now, and then tells those who wait:
// they began to wait before. It goes on while others come, as their flush may
// be what ended a batch in here.
func (r *reader) drain() error {
	for {
		r.p.mu.Lock()
		waiting := r.p.waiting
		r.p.waiting = nil
		r.p.mu.Unlock()
		if len(waiting) == 0 {
			return nil
		}
		if r.p.buffered() > 0 {
			err := r.next()
			if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, ringbuf.ErrFlushed) {
				return err
			}
		}
		r.between()
		for _, done := range waiting {
			close(done)
		}
	}
}

// Drain returns when everything that happened before the call was delivered.
// Read must run elsewhere.
func (p *Probes) Drain(timeout time.Duration) error {
	done := make(chan struct{})
	p.mu.Lock()
	p.waiting = append(p.waiting, done)
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
