package bpf

import (
	"sort"
	"time"

	"container_start_exporter/collector/event"
)

// Stats are counters since Open.
type Stats struct {
	Received map[event.Kind]uint64 // events delivered
	// Lost are the events lost. Of those that were never lost, only the most likely
	// causes are there: buffer_full, socket_full and undecodable.
	Lost map[Loss]uint64
	// Outside are the events that were left out because their process is outside of the
	// exporter's pid namespace: of the host that the node is a container on, and of other
	// nodes. Engines there are not watched: of what they do, only what is reported of any
	// process is counted. Empty in the initial pid namespace.
	Outside map[event.Kind]uint64
	// Truncated are the delivered events of which a part did not fit in the record.
	Truncated map[event.Kind]uint64

	BufferUsed int // bytes
	BufferSize int // bytes

	// Programs are the loaded programs, sorted by name. Runs and RunTime are 0
	// unless the sysctl kernel.bpf_stats_enabled is 1.
	Programs []ProgramStats
}

// ProgramStats are how often a BPF program ran, and the total time it took.
type ProgramStats struct {
	Name    string
	Runs    uint64
	RunTime time.Duration
}

// Stats returns the counters. It may be called from any goroutine.
func (p *Probes) Stats() Stats {
	s := Stats{
		Received:   map[event.Kind]uint64{},
		Lost:       map[Loss]uint64{},
		Outside:    map[event.Kind]uint64{},
		Truncated:  map[event.Kind]uint64{event.KindExec: 0},
		BufferUsed: p.buffered(),
		BufferSize: p.ring.BufferSize(),
		Programs:   p.programStats(),
	}
	for i, kind := range kindNames {
		if kind != "" {
			s.Received[kind] = p.received[i].Load()
			if n := p.truncated[i].Load(); n > 0 {
				s.Truncated[kind] = n
			}
		}
		if kind != "" && i < len(decoders) {
			s.Lost[Loss{kind, CauseBufferFull}] = 0
		}
	}
	s.Lost[Loss{event.KindLink, CauseSocketFull}], s.Lost[Loss{"", CauseUndecodable}] = 0, 0
	losses := p.losses()
	for loss, n := range losses.all() {
		s.Lost[loss] += n
	}
	for kind, n := range losses.outside {
		if n > 0 {
			s.Outside[kindNames[kind]] = n
		}
	}
	return s
}

// buffered returns the number of unread bytes in the ring buffer, 0 after Close.
func (p *Probes) buffered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return 0
	default:
		return p.ring.AvailableBytes()
	}
}

func (p *Probes) programStats() []ProgramStats {
	var all []ProgramStats
	p.loader.ifOpen(func() {
		for name, program := range p.loader.programs {
			if s, err := program.Stats(); err == nil {
				all = append(all, ProgramStats{Name: name, Runs: s.RunCount, RunTime: s.Runtime})
			}
		}
	})
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}
