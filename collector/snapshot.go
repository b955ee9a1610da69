package collector

import (
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/runtime"
)

// beforeUs is the flaw of a start of which the beginning was not seen.
const beforeUs = "it began before the exporter did"

// alive takes a process that ran already when the probes were attached. A
// start that it is in the midst of is seen in part.
func (a *Assembler) alive(e *Event) verdict {
	p := a.processes.of(e)
	p.comm = e.Comm
	if e.Namespaces != nil {
		p.ns, p.home = *e.Namespaces, e.Namespaces.Net
	}
	if l, ok := engine.Parse(e.Args); ok {
		p.enterShim(&shim{Launch: l, launcher: p})
		return isNode
	}
	c, ok := runtime.Parse(e.Args)
	switch {
	case !ok:
		return isNode
	case c.Name == "init":
		return a.aliveInit(p, c, e)
	}
	p.command = newCommand(p, c, e)
	if c.Name == "create" { // a run may have started its container long ago
		a.partly(p.command)
	}
	if p.start() == nil {
		return isNode
	}
	return isJoined
}

// aliveInit takes a stage of a runtime's init: it has not executed the
// entrypoint, so that a run which it belongs to is in the midst of a start.
func (a *Assembler) aliveInit(p *process, c runtime.Command, e *Event) verdict {
	parent := a.processes.byPID[e.Parent]
	if parent == nil || parent.command == nil || parent.command.process != parent {
		return isNode
	}
	cmd := parent.command
	p.command = cmd
	if cmd.name != "create" && cmd.name != "run" {
		return isNode
	}
	if cmd.attempt == nil {
		a.partly(cmd)
	}
	p.attempt = cmd.attempt
	if t := p.start(); t != nil && e.Comm == c.Runtime.InitComm {
		a.initIs(t, p)
	}
	return isJoined
}

// partly opens the start that a command was creating when the exporter came.
func (a *Assembler) partly(c *command) {
	t := a.create(c.process, c)
	c.attempt, c.process.attempt = t, t
	if t != nil {
		t.spoil(beforeUs)
		c.op = t.do(OpRuntime, c.begin, 0, map[string]string{"runtime": c.runtime.Name, "command": c.name})
	}
}
