package collector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestGoneProcesses loses what follows an event of a start, and reports the processes
// as gone: the start ends as incomplete, and no process stays known.
func TestGoneProcesses(t *testing.T) {
	all := []event.Event{
		{Kind: event.KindExec, PID: 1, StartTime: 5, Args: []string{"crun", "create", "a"}, MntNS: 1},
		{Kind: event.KindFork, PID: 1, StartTime: 5, Child: 2, ChildStartTime: 6, Flags: unix.CLONE_NEWNS, MntNS: 1},
		{Kind: event.KindExit, PID: 1, StartTime: 5},
		{Kind: event.KindExec, PID: 3, StartTime: 7, Args: []string{"crun", "start", "a"}, MntNS: 1},
		{Kind: event.KindExec, PID: 2, StartTime: 6, Args: []string{"/app"}, MntNS: 2},
		{Kind: event.KindExit, PID: 3, StartTime: 7},
	}
	for seen := 1; seen < 5; seen++ {
		h := newHostile(t)
		h.now = int64(time.Minute)
		for _, e := range all[:seen] {
			h.do(e)
		}
		h.do(event.Event{Kind: event.KindLost, Lost: 3, Since: h.now})
		known := h.KnownProcesses()
		if has := slices.ContainsFunc(known, func(k KnownProcess) bool { return k.PID == 2 }); has != (seen > 1) {
			t.Errorf("after %d events: known are %+v", seen, known)
		}
		for _, k := range known {
			h.do(event.Event{Kind: event.KindGone, PID: k.PID, StartTime: k.StartTime, Comm: k.Init})
		}
		if s := h.Stats(); s.InProgress != 0 || s.Processes != 0 || len(h.tally.starts) != 1 {
			t.Fatalf("after %d events: %d starts in progress, %d processes, %d starts ended", seen, s.InProgress, s.Processes, len(h.tally.starts))
		}
		if s := h.tally.starts[0]; s.Outcome != start.Incomplete || !strings.Contains(s.Error, "lost") {
			t.Errorf("after %d events: %s: %s", seen, s.Outcome, s.Error)
		}
		for _, e := range all[seen:] { // what was only late
			h.do(e)
		}
		if n := len(h.tally.starts); n != 1 {
			t.Errorf("after %d events: %d starts", seen, n)
		}
		checkConservation(t, h.Assembler)
	}
}

// TestGoneIsNotAnother reports a process as gone whose pid is another's by now: that one
// stays, as does one that was seen to change its name meanwhile.
func TestGoneIsNotAnother(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 1, StartTime: 5, Args: []string{"crun", "run", "a"}})
	h.do(event.Event{Kind: event.KindGone, PID: 1, StartTime: 4})
	h.do(event.Event{Kind: event.KindGone, PID: 1, StartTime: 5, Comm: "what it was called before"})
	if s := h.Stats(); s.InProgress != 1 || s.Processes != 1 {
		t.Errorf("%d starts in progress, %d processes", s.InProgress, s.Processes)
	}
}
