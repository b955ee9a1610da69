package bpf

import (
	"encoding/binary"
	"sort"
	"time"
	"unsafe"
)

// losses are counters of lost events, by kind as in kindNames.
type losses [kinds]uint64

// Stats are counters since Open. Maps are by collector.Kind.
type Stats struct {
	Received  map[string]uint64 // events delivered
	Lost      map[string]uint64 // events for which the buffer had no room, or which may have been passed over
	Malformed uint64            // records that could not be decoded

	BufferUsed int // bytes
	BufferSize int // bytes

	// Programs are the loaded programs, by name. Runs and RunTime are 0
	// unless the sysctl kernel.bpf_stats_enabled is 1.
	Programs []ProgramStats
}

// ProgramStats say how often a BPF program ran and how long that took.
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
		Malformed:  p.bad.Load(),
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

// buffered is how many bytes wait in the ring buffer, none once it is closed.
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

// losses are the counters now.
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
