package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"container_start_exporter/collector"
)

// hold keeps starts back until their containers listen, or for as long as that
// is waited for, so that what is told of a start is whole. It tells of one
// start at a time.
type hold struct {
	mu      sync.Mutex
	tell    func(*collector.Start)
	timeout time.Duration
	held    map[string]*collector.Start // by span id
}

func newHold(timeout time.Duration, tell func(*collector.Start)) *hold {
	return &hold{tell: tell, timeout: timeout, held: make(map[string]*collector.Start)}
}

// Start holds a start that has succeeded, and tells of another at once.
func (h *hold) Start(s *collector.Start) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timeout <= 0 || s.Outcome != collector.Started {
		h.tell(s)
		return
	}
	h.held[s.SpanID] = s
	time.AfterFunc(h.timeout, func() { h.release(s) })
}

// Ready tells of a start that was held.
func (h *hold) Ready(s *collector.Start) { h.release(s) }

func (h *hold) release(s *collector.Start) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held[s.SpanID] != nil {
		delete(h.held, s.SpanID)
		h.tell(s)
	}
}

// flush reports all that are held, in the order in which they began.
func (h *hold) flush() {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := slices.SortedFunc(maps.Values(h.held), func(a, b *collector.Start) int {
		return cmp.Or(a.Begin.Compare(b.Begin), strings.Compare(a.SpanID, b.SpanID))
	})
	clear(h.held)
	for _, s := range held {
		h.tell(s)
	}
}

func (h *hold) Command(collector.Command)            {}
func (h *hold) Namespace(collector.NamespaceCreated) {}
func (h *hold) Veth(collector.VethChanged)           {}
func (h *hold) VethTime(collector.VethTime)          {}
