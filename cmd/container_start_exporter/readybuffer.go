package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"container_start_exporter/collector/start"
)

// readyBuffer holds successful starts until their containers listen or the timeout
// passes, so that what it emits of a start is complete. It emits one start at a
// time.
type readyBuffer struct {
	mu      sync.Mutex
	emit    func(*start.Start)
	timeout time.Duration
	held    map[string]*start.Start // by span id
}

// newReadyBuffer returns a buffer that emits starts by calling emit. With a timeout
// of 0 it holds none.
func newReadyBuffer(timeout time.Duration, emit func(*start.Start)) *readyBuffer {
	return &readyBuffer{emit: emit, timeout: timeout, held: make(map[string]*start.Start)}
}

// Start holds a start that succeeded, and emits any other at once.
func (r *readyBuffer) Start(s *start.Start) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timeout <= 0 || s.Outcome != start.Started {
		r.emit(s)
		return
	}
	r.held[s.SpanID] = s
	time.AfterFunc(r.timeout, func() { r.release(s) })
}

// Ready emits a start that was held.
func (r *readyBuffer) Ready(s *start.Start) { r.release(s) }

func (r *readyBuffer) release(s *start.Start) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[s.SpanID] != nil {
		delete(r.held, s.SpanID)
		r.emit(s)
	}
}

// flush emits all starts that are held, in the order in which they began.
func (r *readyBuffer) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := slices.SortedFunc(maps.Values(r.held), func(a, b *start.Start) int {
		return cmp.Or(a.Begin.Compare(b.Begin), strings.Compare(a.SpanID, b.SpanID))
	})
	clear(r.held)
	for _, s := range held {
		r.emit(s)
	}
}
