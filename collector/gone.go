package collector

import (
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// After events were lost, a process may have exited unseen, and an init may have
// executed the entrypoint unseen. Somebody who can look at processes then compares those
// that are known with those that there are, and reports what is gone.

// KnownProcess is a process that is taken to be alive.
type KnownProcess struct {
	PID       int
	StartTime int64 // boot time, ns
	// Init is the name of the process if it is the init of a start in progress: once it
	// has another one, it has executed the entrypoint. Otherwise it is empty.
	Init string
}

// KnownProcesses returns the processes that are taken to be alive, in no order.
func (a *Assembler) KnownProcesses() []KnownProcess {
	known := make([]KnownProcess, 0, len(a.processes.byPID))
	for _, p := range a.processes.byPID {
		k := KnownProcess{PID: p.pid, StartTime: p.startTime}
		if att := p.currentStart(); att != nil && att.init == p {
			k.Init = p.comm
		}
		known = append(known, k)
	}
	return known
}

// onGone handles that a process is no longer what it is taken to be: its exit, or the
// exec of the entrypoint, was lost. Its start is incomplete, and ends if nothing more
// can be seen of it. The event has the name that the process of an init had: if the
// name has changed since, that was seen.
func (a *Assembler) onGone(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil || e.Comm != "" && e.Comm != p.comm {
		return unrelated
	}
	a.processes.remove(p)
	a.settlePodUser(p)
	p.leaveShim()
	att := p.currentStart()
	if att == nil {
		return unrelated
	}
	att.failure.markIncomplete("the exit of a process was lost")
	if att.members == 0 || p == att.init {
		a.finish(att, start.Incomplete, e.Time)
	}
	return joined
}
