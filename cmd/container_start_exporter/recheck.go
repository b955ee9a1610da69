package main

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector"
	"container_start_exporter/collector/event"
	"container_start_exporter/internal/proc"
)

// recheck looks at the processes that the assembler knows again after events were lost:
// the exits of some may have been among them. It belongs to the goroutine that reads
// the events.
type recheck struct {
	times int                           // that it is still to look
	found chan []collector.KnownProcess // those that are gone, as a look in progress finds them; nil if there is none
	gone  []collector.KnownProcess      // that the look before has found
}

// afterLoss is how often it looks after events were lost, once a second: a process may
// exit a moment later, and that event be lost, too.
const afterLoss = 3

// lost is called when events were lost.
func (r *recheck) lost() {
	if proc.ShowsOwnPIDs() {
		r.times = afterLoss
	}
}

// tick is called with each clock event, once a second. What is found to be gone is
// reported a second later: by then the assembler has got all events from before.
func (r *recheck) tick(a *collector.Assembler, clock *event.Event) {
	for _, k := range r.gone {
		a.Handle(&event.Event{Time: clock.Time, Kind: event.KindGone, PID: k.PID, StartTime: k.StartTime, Comm: k.Init})
	}
	r.gone = nil
	if r.found != nil {
		select {
		case r.gone = <-r.found:
			r.found = nil
		default: // still looking
		}
		return
	}
	if r.times > 0 {
		r.times--
		known, found := a.KnownProcesses(), make(chan []collector.KnownProcess, 1)
		r.found = found
		go func() { found <- areGone(known) }()
	}
}

// areGone returns those of the processes that are no longer what they are taken to be.
func areGone(known []collector.KnownProcess) (gone []collector.KnownProcess) {
	for _, k := range known {
		if isGone(k) {
			gone = append(gone, k)
		}
	}
	return gone
}

// isGone reports whether a process has exited or, as an init, has executed another
// program. If that cannot be found out, it has not.
func isGone(k collector.KnownProcess) bool {
	if k.StartTime == 0 {
		return false
	}
	dir, err := proc.Open(k.PID, k.StartTime)
	if err != nil {
		return errors.Is(err, proc.ErrExited)
	}
	defer unix.Close(dir)
	s, err := proc.ReadStat(dir)
	if err != nil {
		return errors.Is(err, proc.ErrExited)
	}
	return s.Ended() || k.Init != "" && strings.ToValidUTF8(s.Comm, "\uFFFD") != k.Init
}
