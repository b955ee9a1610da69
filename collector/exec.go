package collector

import (
	"cmp"
	"fmt"
	"path"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/start"
)

// onExec handles the execution of a program.
func (a *Assembler) onExec(e *event.Event) disposition {
	p := a.processOf(e)
	if e.Last {
		defer a.processes.remove(p)
	}
	p.learnNamespaces(e)
	if e.Ret >= 0 {
		p.comm = e.Comm
		p.followThread(e)
	}
	att := p.currentStart()
	if e.Ret < 0 {
		return a.execFailed(att, p, e)
	}
	if att != nil && p == att.init {
		return a.execEntrypoint(att, p, e)
	}
	a.settlePodUser(p)
	program := argv.ProgramOf(e.File, e.Exe, e.Args)
	if l, ok := parseLaunch(program); ok && p.hook == nil {
		return a.execShim(p, l, e)
	}
	p.leaveShim()
	p.builder = cmp.Or(engine.Builder(program), p.builder)
	// before the network programs: anybody can give a runtime a plugin's environment
	if c, ok := a.parseCommand(p, program); ok && p.hook == nil {
		return a.execRuntime(p, c, program, e)
	}
	if r, ok := network.Parse(e.File, e.Args, e.Env); ok && !p.netTool.inheritsCNIEnv(r, e) {
		return a.execNetwork(p, r, e)
	}
	return a.execOther(p, e)
}

// execEntrypoint ends a start: init has executed the entrypoint.
func (a *Assembler) execEntrypoint(att *attempt, p *process, e *event.Event) disposition {
	att.counts.Execs++
	att.closeHooksPhase(e.Time)
	a.processes.remove(p) // what it does from now on is the container's workload
	if !att.isContained(e) {
		a.discard(att, e.Time)
		return joined
	}
	a.finish(att, start.Started, e.Time)
	return joined
}

// execFailed records why init could not execute the entrypoint, or the runtime a hook.
// The failures of other processes mean nothing: they search the PATH.
func (a *Assembler) execFailed(att *attempt, p *process, e *event.Event) disposition {
	if att == nil {
		return unrelated
	}
	if p == att.init {
		att.failure.cause = failureCause{kind: start.ErrorExec, text: fmt.Sprintf("exec %s: %s", e.File, errno(e.Ret))}
	} else if p.hookCandidate() == att {
		att.hookFailedToExec(p, e)
	}
	return joined
}

// execOther handles a program that is neither a shim nor a runtime: it may be a hook
// or a helper of a network program.
func (a *Assembler) execOther(p *process, e *event.Event) disposition {
	if p.netTool != nil && p.currentStart() == nil {
		return p.netTool.onEvent(e)
	}
	if att := p.hookCandidate(); att != nil && !att.isHelper(e) {
		att.execHook(p, e)
	}
	return p.countExec()
}

// isHelper reports whether the program is one of the runtime's helpers, not a hook.
func (att *attempt) isHelper(e *event.Event) bool {
	for _, name := range att.runtime.Helpers {
		if path.Base(e.File) == name {
			return true
		}
	}
	return false
}

// countExec counts a program executed for the start that p works for.
func (p *process) countExec() disposition {
	att := p.currentStart()
	if att == nil {
		return unrelated
	}
	att.counts.Execs++
	return joined
}
