package collector

import "time"

// unready are the containers that have started and have not listened yet, by
// their mount namespace: engines, shims and proxies listen in the host's.
type unready struct {
	byMnt   map[uint32]*awaited
	queue   []*awaited // oldest first
	timeout int64
}

type awaited struct {
	start   *Start
	mnt     uint32
	started int64 // when the entrypoint was executed
}

// maxUnready bounds them; the oldest is given up.
const maxUnready = 4096

// add waits for the first listen of a container that has started, if it has a
// mount namespace of its own.
func (l *unready) add(t *attempt, s *Start, at int64) {
	if l.timeout <= 0 || t.unshared&cloneNewNS == 0 || s.Namespaces.Mnt == 0 {
		return
	}
	if len(l.queue) >= maxUnready {
		l.pop()
	}
	w := &awaited{start: s, mnt: s.Namespaces.Mnt, started: at}
	l.byMnt[w.mnt] = w
	l.queue = append(l.queue, w)
}

// advance gives up on those that have not listened in time.
func (l *unready) advance(now int64) {
	for len(l.queue) > 0 && now-l.queue[0].started > l.timeout {
		l.pop()
	}
}

func (l *unready) pop() {
	w := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	if l.byMnt[w.mnt] == w {
		delete(l.byMnt, w.mnt)
	}
}

// listen takes a listen(2) in a container: the first makes it ready.
func (a *Assembler) listen(e *Event) verdict {
	w := a.unready.byMnt[e.MntNS]
	if w == nil || e.Ret < 0 || e.Time < w.started || e.Time-w.started > a.unready.timeout {
		return isNode
	}
	delete(a.unready.byMnt, e.MntNS)
	s := *w.start
	s.Ready = time.Duration(e.Time - w.started)
	a.observer.Ready(&s)
	return isJoined
}
