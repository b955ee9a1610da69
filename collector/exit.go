package collector

import (
	"strconv"
	"syscall"
)

// exit takes the end of a process.
func (a *Assembler) exit(e *Event) verdict {
	p := a.processes.find(e.PID, e.Born)
	if p == nil {
		return isNode
	}
	delete(a.processes.byPID, p.pid)
	t := p.start()
	if p.hook != nil && p.hook.process == p {
		p.hook.exit(e)
	}
	if p.job != nil && p.job.process == p {
		p.job.exit(e)
	}
	if c := p.command; c != nil && c.process == p {
		a.exitRuntime(c, e)
	}
	if p.inShim {
		a.exitShim(p, e)
	}
	if t == nil && p.job != nil {
		return p.job.take(e)
	}
	if t == nil {
		return isNode
	}
	if !t.ended && p == t.init {
		a.exitInit(t, e)
	}
	return isJoined
}

// exitInit fails a start whose init is gone, unless init has forked the
// process that goes on in its place (crun, where it joins a pid namespace).
func (a *Assembler) exitInit(t *attempt, e *Event) {
	if t.heir != nil && e.Status == 0 {
		t.init, t.heir = t.heir, nil
		t.init.byInit = false
		return
	}
	kind := ErrorInit
	if syscall.WaitStatus(e.Status).Signaled() {
		kind = ErrorKilled
	}
	a.failFor(t, e.Time, kind, "init "+ended(e.Status))
}

// ended says in words how a process ended, by its wait status.
func ended(status int) string {
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		return "was killed by " + signalName(ws.Signal())
	}
	return "exited with status " + strconv.Itoa(ws.ExitStatus())
}

// exitCode is the exit code of a wait status, as a shell has it: 128 and the
// signal of a process that was killed.
func exitCode(status int) string {
	ws := syscall.WaitStatus(status)
	if ws.Signaled() {
		return strconv.Itoa(128 + int(ws.Signal()))
	}
	return strconv.Itoa(ws.ExitStatus())
}
