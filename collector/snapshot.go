package collector

import (
	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/collector/start"
)

// startedBeforeExporter is the reason of a start whose beginning was not seen.
const startedBeforeExporter = "it began before the exporter started"

// onExistingProcess handles a process that already ran when the probes were
// attached. A start that it is then working on is incomplete.
func (a *Assembler) onExistingProcess(e *event.Event) disposition {
	p := a.processOf(e)
	p.comm = e.Comm
	if e.Namespaces != nil {
		p.ns, p.originNetNS = *e.Namespaces, e.Namespaces.Net
	}
	program := argv.ProgramOf(e.File, e.Exe, e.Args)
	p.builder = engine.Builder(program)
	if l, ok := parseLaunch(program); ok {
		p.enterShim(&shim{Launch: l, launcher: p})
		return unrelated
	}
	c, ok := a.parseCommand(p, program)
	switch {
	case !ok:
		return unrelated
	case c.Name == "init":
		return a.onExistingInit(p, c, e)
	}
	p.command = newCommand(p, c, program, e)
	if c.Name == "create" { // a run may have started its container long ago
		a.adoptInProgress(p.command)
	}
	if p.currentStart() == nil {
		return unrelated
	}
	return joined
}

// onExistingInit handles a stage of a runtime's init: it has not executed the
// entrypoint, so that even the start of a run is still in progress.
func (a *Assembler) onExistingInit(p *process, c runtime.Command, e *event.Event) disposition {
	parent := a.processes.byPID[e.Parent]
	if parent == nil || parent.command == nil || parent.command.process != parent {
		return unrelated
	}
	cmd := parent.command
	p.command = cmd
	if cmd.name != "create" && cmd.name != "run" {
		return unrelated
	}
	if cmd.attempt == nil {
		a.adoptInProgress(cmd)
	}
	a.processes.assign(p, cmd.attempt)
	if att := p.currentStart(); att != nil && e.Comm == c.Runtime.InitComm {
		a.setInit(att, p)
	}
	return joined
}

// adoptInProgress begins the start that a command was creating when the exporter
// started.
func (a *Assembler) adoptInProgress(c *command) {
	att := a.onRuntimeCreate(c.process, c)
	c.attempt = att
	a.processes.assign(c.process, att)
	if att != nil {
		att.failure.markIncomplete(startedBeforeExporter)
		c.op = att.addOperation(start.OpRuntime, c.begin, 0, map[string]string{start.AttrRuntime: c.runtime.Name, start.AttrCommand: c.name})
	}
}
