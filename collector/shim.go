package collector

import (
	"strconv"
	"strings"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// shim is a shim or a monitor of one container, and the processes that run its
// program.
type shim struct {
	engine.Launch
	attempt   *attempt
	processes int // that are alive
	op        *operation
	launcher  *process
	refused   bool         // there was no room for its start
	layers    threadLayers // for further containers of its pod
}

// beginningLost returns why a start that the shim executes a runtime for lacks its
// beginning, "" if it does not.
func (s *shim) beginningLost() string {
	switch {
	case s.refused || s.attempt != nil && s.attempt.evicted:
		return "its beginning was given up: there were too many starts at once"
	case s.attempt == nil:
		return startedBeforeExporter
	}
	return ""
}

// parseLaunch reads the command line of a shim or a monitor, cut to what its processes
// may keep; false if it is neither.
func parseLaunch(program argv.Program) (engine.Launch, bool) {
	l, ok := engine.Parse(program)
	l.ID, l.Name = keptID(l.ID), strings.Clone(bounded(l.Name))
	return l, ok
}

// execShim begins a start with the first exec of its shim or monitor.
// The launcher of containerd's shim executes the shim proper as its child.
func (a *Assembler) execShim(p *process, l engine.Launch, e *event.Event) disposition {
	if p.shim != nil && p.shim.Launch == l {
		p.enterShim(p.shim)
		return p.countExec()
	}
	p.leaveShim()
	att := a.beginStart(l.ID, l.Engine, p, e.Time)
	s := &shim{Launch: l, attempt: att, launcher: p, refused: att == nil}
	a.processes.assign(p, att)
	p.command, p.hook, p.netTool, p.byInit = nil, nil, nil, false
	p.enterShim(s)
	if att == nil {
		return unrelated
	}
	att.shim, att.name, att.build = s, l.Name, l.Build
	att.beginPhase(start.PhaseShim, e.Time)
	s.op = att.addExec(start.OpShim, e, map[string]string{start.AttrPID: strconv.Itoa(p.pid)})
	if other := a.starts.byShim[att.launchKey()]; other == nil || !other.isProven() {
		a.starts.byShim[att.launchKey()] = att
	}
	if p.origin.isHost() && p.forkedBy.PID != 0 {
		att.evidence.launched = true
		a.decideID(att.origin, att.id, e.Time)
	}
	return p.countExec()
}

// exitShim fails a start whose shim dies before it has executed a runtime.
func (a *Assembler) exitShim(p *process, e *event.Event) {
	p.leaveShim()
	s := p.shim
	if p == s.launcher && s.op != nil && s.op.end == 0 {
		s.op.exit(e)
	}
	att := s.attempt
	if att != nil && !att.ended && att.create == nil && s.processes == 0 && e.Status != 0 {
		a.fail(att, e.Time, start.ErrorShim, "shim "+describeExit(e.Status))
	}
}

func (p *process) enterShim(s *shim) {
	p.shim = s
	if !p.inShim {
		p.inShim = true
		s.processes++
	}
}

func (p *process) leaveShim() {
	if p.inShim {
		p.inShim = false
		p.shim.processes--
	}
}
