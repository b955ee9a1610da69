package bpf

import (
	"slices"
	"time"
)

const (
	// moduleTick is how often attachLate checks whether a module was loaded.
	moduleTick = 100 * time.Millisecond
	// moduleGrace is how long a probe is retried once its module is loaded.
	moduleGrace = 10 * time.Second
)

// attachLate attaches probes when their modules are loaded. It retries each for
// moduleGrace, as the cause of a failure may pass.
func (p *Probes) attachLate(a *attacher, waiting []probe) {
	ticker := time.NewTicker(moduleTick)
	defer ticker.Stop()
	since := map[string]time.Time{} // when each module was first seen
	for len(waiting) > 0 {
		select {
		case <-p.closed:
			return
		case <-ticker.C:
		}
		waiting = slices.DeleteFunc(waiting, func(b probe) bool {
			if moduleMissing(b.module) {
				delete(since, b.module)
				return false
			}
			if since[b.module].IsZero() {
				since[b.module] = time.Now()
			}
			return p.retry(a, b, time.Since(since[b.module]) >= moduleGrace)
		})
	}
}

// retry tries to attach a probe that waits for its module. It reports whether
// the wait is over: the probe is attached, or this was the last attempt.
func (p *Probes) retry(a *attacher, b probe, last bool) bool {
	s, links := a.attach(b)
	if s.State != Attached && (!last || s.State == Waiting) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.status {
		if p.status[i].Name == b.name {
			p.status[i] = s
		}
	}
	p.links = append(p.links, links...)
	return true
}
