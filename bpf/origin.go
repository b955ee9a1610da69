package bpf

import "unsafe"

// quotaLoss is how many events an origin has lost because of its quota.
type quotaLoss struct {
	number uint32 // see c/origin.h
	lost   uint64
}

// originSlots is ORIGINS of c/origin.h.
const originSlots = 1024

// quotaLosses are those of all origins but the host's, by their slot.
type quotaLosses [originSlots]quotaLoss

// quotaLosses returns the current counters.
func (p *Probes) quotaLosses() *quotaLosses {
	var counters [originSlots]probesOrigin
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&counters)), unsafe.Sizeof(counters))
	p.loader.ifOpen(func() { _, _ = p.origins.ReadAt(raw, 0) })
	losses := &quotaLosses{}
	for slot, o := range counters {
		losses[slot] = quotaLoss{uint32(o.Number), o.Lost}
	}
	return losses
}
