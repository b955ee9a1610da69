package collector

import (
	"strconv"
	"syscall"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// onExit handles the exit of a process.
func (a *Assembler) onExit(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil {
		return unrelated
	}
	a.processes.remove(p)
	a.exits.add(p, e.Time)
	a.settlePodUser(p)
	att := p.currentStart()
	if p.hook != nil && p.hook.process == p {
		p.hook.exit(e)
	}
	if p.netTool != nil && p.netTool.process == p {
		a.exitNetwork(p.netTool, e)
	}
	if att != nil && e.OOM {
		att.failure.cause = failureCause{kind: start.ErrorOOM, text: "the OOM killer has killed " + bounded(e.Comm)}
	}
	if c := p.command; c != nil && c.process == p {
		a.exitRuntime(c, e)
	}
	if p.inShim {
		a.exitShim(p, e)
	}
	a.left(p.attempt, e.Time)
	if att == nil && p.netTool != nil {
		return p.netTool.onEvent(e)
	}
	if att == nil {
		return unrelated
	}
	if !att.ended && p == att.init {
		a.exitInit(att, e)
	}
	return joined
}

// exitInit fails a start whose init has exited, unless init has forked the process
// that continues in its place (crun, when it joins a pid namespace).
func (a *Assembler) exitInit(att *attempt, e *event.Event) {
	if att.nextInit != nil && e.Status == 0 {
		att.init, att.nextInit = att.nextInit, nil
		att.init.byInit = false
		return
	}
	kind := start.ErrorInit
	if ws := syscall.WaitStatus(e.Status); ws.Signaled() && (ws.Signal() != syscall.SIGKILL || !a.isCreating(att)) {
		kind = start.ErrorKilled
	}
	a.failWithCause(att, e.Time, kind, "init "+describeExit(e.Status))
}

// isCreating reports whether the runtime's create or run is still at work. It kills an
// init that has reported a failure to it, such as an entrypoint that it does not find,
// and that is about to exit: which of the two ends it is a race.
func (a *Assembler) isCreating(att *attempt) bool {
	return att.create != nil && a.processes.byPID[att.create.process.pid] == att.create.process
}

// describeExit describes a wait status in words: how the process ended.
func describeExit(status int) string {
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		return "was killed by " + signalName(ws.Signal())
	}
	return "exited with status " + strconv.Itoa(ws.ExitStatus())
}

// exitCode returns the exit code of a wait status as a shell reports it: 128 plus
// the signal for a process that was killed.
func exitCode(status int) string {
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		return strconv.Itoa(128 + int(ws.Signal()))
	}
	return strconv.Itoa(ws.ExitStatus())
}
