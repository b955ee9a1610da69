package bpf

import (
	"encoding/binary"
	"sort"
	"time"
	"unsafe"
)

// losses are counters of lost events, by kind as in kindNames.
type losses [kinds]uint64

// Stats are counters since Open. The keys of its maps are collector.Kinds.
type Stats struct {
	Received  map[string]uint64 // events delivered
	Lost      map[string]uint64 // events that did not fit in the buffer, or may have been missed
	Malformed uint64            // records that could not be decoded

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
		Received:   map[string]uint64{},
		Lost:       map[string]uint64{},
		Malformed:  p.malformed.Load(),
		BufferUsed: p.buffered(),
		BufferSize: p.ring.BufferSize(),
		Programs:   p.programStats(),
	}
	lost := p.losses()
	for i, kind := range kindNames {
		if kind == "" {
			continue
		}
		s.Received[string(kind)] = p.received[i].Load()
		s.Lost[string(kind)] = lost[i]
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

// losses returns the current counters.
func (p *Probes) losses() losses {
	var now losses
	var counters [unsafe.Sizeof(probesLosses{})]byte
	p.loader.ifOpen(func() { _, _ = p.lost.ReadAt(counters[:], 0) })
	for kind := range probesEventKindEVENT_KINDS {
		now[kind] = binary.NativeEndian.Uint64(counters[8*kind:])
	}
	if p.network != nil {
		now[kindLink] = p.network.lost.Load()
	}
	return now
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
