package collector

import (
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/runtime"
)

// beforeUs is the flaw of a start of which the beginning was not seen.
const beforeUs = "it began before the exporter did"

// alive takes a process that ran already when the probes were attached. What
// it has begun is seen in part.
func (a *Assembler) alive(e *Event) verdict {
	p := a.processes.of(e)
	if e.Namespaces != nil {
		p.ns = *e.Namespaces
	}
	if l, ok := engine.Parse(e.Args); ok {
		p.enterShim(&shim{Launch: l, launcher: p})
		return isNode
	}
	c, ok := runtime.Parse(e.Args)
	if !ok || c.Name != "create" && c.Name != "run" {
		return isNode
	}
	cmd := &command{runtime: c.Runtime, name: c.Name, id: c.ID, root: c.Root, process: p, begin: e.Time}
	p.command = cmd
	if cmd.attempt = a.create(p, cmd); cmd.attempt == nil {
		return isNode
	}
	p.attempt = cmd.attempt
	cmd.attempt.spoil(beforeUs)
	cmd.op = cmd.attempt.do(OpRuntime, e.Time, 0, map[string]string{"runtime": c.Runtime.Name, "command": c.Name})
	return isJoined
}
