package collector

import (
	"fmt"
	"path"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/runtime"
)

// exec takes the execution of a program.
func (a *Assembler) exec(e *Event) verdict {
	p := a.processes.of(e)
	if e.Last {
		defer delete(a.processes.byPID, p.pid)
	}
	p.see(e)
	if e.Ret >= 0 {
		p.comm = e.Comm
	}
	t := p.start()
	if e.Ret < 0 {
		return a.execFailed(t, p, e)
	}
	if t != nil && p == t.init {
		return a.execEntrypoint(t, p, e)
	}
	if l, ok := engine.Parse(e.Args); ok && p.hook == nil {
		return a.execShim(p, l, e)
	}
	p.leaveShim()
	if r, ok := network.Parse(e.Args, e.Env); ok && !p.job.merelyHas(r, e) {
		return a.execNetwork(p, r, e)
	}
	if c, ok := runtime.Parse(e.Args); ok && p.hook == nil {
		return a.execRuntime(p, c, e)
	}
	return a.execOther(p, e)
}

// execEntrypoint ends a start: init has executed the entrypoint.
func (a *Assembler) execEntrypoint(t *attempt, p *process, e *Event) verdict {
	t.counts.Execs++
	t.goesOn(e.Time)
	delete(a.processes.byPID, p.pid) // its workload is another matter
	a.end(t, Started, e.Time)
	return isJoined
}

// execFailed keeps why init could not execute the entrypoint. Others fail all
// the time: they search the PATH.
func (a *Assembler) execFailed(t *attempt, p *process, e *Event) verdict {
	if t == nil {
		return isNode
	}
	if p == t.init {
		t.mishap = mishap{kind: ErrorExec, text: fmt.Sprintf("exec %s: %s", e.File, errno(e.Ret))}
	}
	return isJoined
}

// execOther takes the execution of what is neither shim nor runtime.
func (a *Assembler) execOther(p *process, e *Event) verdict {
	if p.job != nil && p.start() == nil {
		return p.job.take(e)
	}
	if t := p.hookOf(); t != nil && !t.isHelper(e) {
		t.execHook(p, e)
	}
	return p.countExec()
}

// isHelper says that a program which the runtime executes is no hook.
func (t *attempt) isHelper(e *Event) bool {
	for _, name := range t.runtime.Helpers {
		if path.Base(e.File) == name {
			return true
		}
	}
	return false
}

// countExec counts a program executed for the start that p works for.
func (p *process) countExec() verdict {
	t := p.start()
	if t == nil {
		return isNode
	}
	t.counts.Execs++
	return isJoined
}
