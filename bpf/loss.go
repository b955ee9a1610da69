package bpf

import (
	"encoding/binary"
	"iter"
	"unsafe"

	"container_start_exporter/collector/event"
)

// Cause is why an event was lost: the label of a metric.
type Cause string

// The causes. Those of the kernel side are enum lost_cause of c/event.h.
const (
	CauseBufferFull   Cause = "buffer_full"   // the ring buffer had no room: raise its size
	CauseNoScratch    Cause = "no_scratch"    // every scratch buffer of the CPU was in use
	CauseCallsFull    Cause = "calls_full"    // there was no room to keep the call until its return
	CauseWatchedFull  Cause = "watched_full"  // there was no room to watch another process
	CauseReturnMissed Cause = "return_missed" // the return of the call was not observed
	CausePreempted    Cause = "preempted"     // the kernel skipped a program that was preempted on the same CPU
	CauseUnreadable   Cause = "unreadable"    // the request could not be read from memory
	CauseOverQuota    Cause = "over_quota"    // a container had used up what it may watch or write: only its own events are lost
	CauseSocketFull   Cause = "socket_full"   // the rtnetlink socket overflowed; counts overflows, as the kernel does not count events
	CauseBacklogFull  Cause = "backlog_full"  // too many notifications of rtnetlink were waiting to be read
	CauseUndecodable  Cause = "undecodable"   // the record could not be decoded
)

// Causes are all causes.
var Causes = []Cause{
	CauseBufferFull, CauseNoScratch, CauseCallsFull, CauseWatchedFull, CauseReturnMissed, CausePreempted, CauseUnreadable, CauseOverQuota,
	CauseSocketFull, CauseBacklogFull, CauseUndecodable,
}

// kernelCauses are the causes by enum lost_cause.
var kernelCauses = [probesLostCauseLOST_CAUSES]Cause{
	probesLostCauseLOST_BUFFER_FULL:   CauseBufferFull,
	probesLostCauseLOST_NO_SCRATCH:    CauseNoScratch,
	probesLostCauseLOST_CALLS_FULL:    CauseCallsFull,
	probesLostCauseLOST_WATCHED_FULL:  CauseWatchedFull,
	probesLostCauseLOST_RETURN_MISSED: CauseReturnMissed,
	probesLostCauseLOST_PREEMPTED:     CausePreempted,
	probesLostCauseLOST_UNREADABLE:    CauseUnreadable,
	probesLostCauseLOST_OVER_QUOTA:    CauseOverQuota,
}

// Loss is a kind of event that was lost, and why. The kind is empty if the record
// could not be decoded.
type Loss struct {
	Kind  event.Kind
	Cause Cause
}

// losses are counters of lost events.
type losses struct {
	kernel  [probesEventKindEVENT_KINDS][probesLostCauseLOST_CAUSES]uint64
	outside [probesEventKindEVENT_KINDS]uint64 // not lost, but left out: see c/origin.h
	// of notifications, and of records that could not be decoded
	socket, backlog, undecodable uint64
}

// losses returns the current counters.
func (p *Probes) losses() (now losses) {
	var counters [unsafe.Sizeof(probesLosses{})]byte
	p.loader.ifOpen(func() { _, _ = p.lost.ReadAt(counters[:], 0) })
	rest := counters[:]
	for kind := range now.kernel {
		for cause := range now.kernel[kind] {
			now.kernel[kind][cause] = binary.NativeEndian.Uint64(rest)
			rest = rest[8:]
		}
	}
	for kind := range now.outside {
		now.outside[kind] = binary.NativeEndian.Uint64(rest)
		rest = rest[8:]
	}
	if p.network != nil {
		now.socket, now.backlog = p.network.overflowed.Load(), p.network.dropped.Load()
	}
	now.undecodable = p.undecodable.Load()
	return now
}

// all iterates over the losses that there were.
func (l losses) all() iter.Seq2[Loss, uint64] {
	return func(yield func(Loss, uint64) bool) {
		for kind := range l.kernel {
			for cause, n := range l.kernel[kind] {
				if n > 0 && !yield(Loss{kindNames[kind], kernelCauses[cause]}, n) {
					return
				}
			}
		}
		for _, own := range []struct {
			loss Loss
			n    uint64
		}{
			{Loss{event.KindLink, CauseSocketFull}, l.socket},
			{Loss{event.KindLink, CauseBacklogFull}, l.backlog},
			{Loss{"", CauseUndecodable}, l.undecodable},
		} {
			if own.n > 0 && !yield(own.loss, own.n) {
				return
			}
		}
	}
}

// since returns the losses after an earlier state of the counters.
func (l losses) since(before losses) losses {
	for kind := range l.kernel {
		for cause := range l.kernel[kind] {
			l.kernel[kind][cause] -= before.kernel[kind][cause]
		}
	}
	l.socket -= before.socket
	l.backlog -= before.backlog
	l.undecodable -= before.undecodable
	return l
}
