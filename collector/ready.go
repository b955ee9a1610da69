package collector

import (
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// readyWaiters are the containers that have started and have not listened yet, by
// mount namespace: engines, shims and proxies listen in the host's.
type readyWaiters struct {
	byMnt   map[uint32]*readyWaiter
	queue   []*readyWaiter // oldest first
	bytes   int            // of the records of those in the queue
	timeout int64
}

type readyWaiter struct {
	start   *start.Start
	size    int // of the record, bytes
	mnt     uint32
	started int64 // when the entrypoint was executed, boot time, ns
}

// The bounds of those that wait; the oldest is dropped.
const (
	maxReadyWaiters = 4096
	maxReadyBytes   = 16 << 20
)

// add waits for the first listen of a container that has started, if it has a
// mount namespace of its own.
func (r *readyWaiters) add(att *attempt, s *start.Start, at int64) {
	if r.timeout <= 0 || att.createdFlags&cloneNewNS == 0 || s.Namespaces.Mnt == 0 {
		return
	}
	w := &readyWaiter{start: s, size: 1000 + att.share.size(), mnt: s.Namespaces.Mnt, started: at}
	for len(r.queue) > 0 && (len(r.queue) >= maxReadyWaiters || r.bytes+w.size > maxReadyBytes) {
		r.pop()
	}
	r.bytes += w.size
	r.byMnt[w.mnt] = w
	r.queue = append(r.queue, w)
}

// advance drops those that have not listened in time.
func (r *readyWaiters) advance(now int64) {
	for len(r.queue) > 0 && now-r.queue[0].started > r.timeout {
		r.pop()
	}
}

func (r *readyWaiters) pop() {
	w := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.bytes -= w.size
	if r.byMnt[w.mnt] == w {
		delete(r.byMnt, w.mnt)
	}
}

// onListen handles a listen(2) in a container: the first makes it ready.
func (a *Assembler) onListen(e *event.Event) disposition {
	w := a.readyWaiters.byMnt[e.MntNS]
	if w == nil || e.Ret < 0 || e.Time < w.started || e.Time-w.started > a.readyWaiters.timeout {
		return unrelated
	}
	delete(a.readyWaiters.byMnt, e.MntNS)
	s := *w.start
	s.Ready = time.Duration(e.Time - w.started)
	a.observer.Ready(&s)
	return joined
}
