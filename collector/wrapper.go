package collector

import (
	"cmp"
	"strconv"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/collector/start"
)

// A runtime is what a shim or monitor executes with an OCI command line, whatever it is
// named. It may be a wrapper: a program (nvidia-container-runtime) or a script that
// executes the runtime with the same command and id, in its place or as its child.

// parseCommand returns the command of a runtime: of what is named like one or, under a shim
// or monitor, of what has the command line of one. A command but create and run is such a
// one only of a container that is being started: the sign alone would be too weak. Podman
// executes the start command itself, not its monitor.
func (a *Assembler) parseCommand(p *process, program argv.Program) (runtime.Command, bool) {
	if c, ok := runtime.Parse(program); ok {
		return c, !p.isStage(c)
	}
	c, ok := runtime.ParseUnknown(program)
	switch {
	case !ok || p.underRuntime():
		return runtime.Command{}, false
	case c.Name == "create" || c.Name == "run":
		return c, p.shim != nil
	}
	return c, a.isInProgress(p, c)
}

// underRuntime reports whether p works for a runtime that is known not to be a wrapper: what
// it executes is a hook or a helper of that.
func (p *process) underRuntime() bool {
	return p.command != nil && p.command.attempt != nil && !p.command.mayBeWrapper()
}

// isStage reports whether what looks like a command of a runtime is a stage of the one that
// p works for: a runtime may execute itself by another name (runsc-gofer).
func (p *process) isStage(c runtime.Command) bool {
	return c.Name == runtime.Other && p.underRuntime()
}

// isInProgress reports whether the container of a command is being started.
func (a *Assembler) isInProgress(p *process, c runtime.Command) bool {
	return a.starts.byCreate[createKey{p.origin.number, c.Root, c.ID, p.ns.Mnt}] != nil
}

// mayBeWrapper reports whether the command may execute the runtime proper: what forks and
// executes before there is an init is then neither evidence of a runtime nor a hook.
func (c *command) mayBeWrapper() bool { return c.script || c.unknown }

// isWrappedBy reports whether outer, the command that the process or its ancestor ran
// before, is a wrapper of this one. A runtime that executes itself again, as a sealed copy,
// does so in its own process and has the same name.
func (c *command) isWrappedBy(outer *command) bool {
	if outer == nil || outer.wrapped || outer.name != c.name || outer.id != c.id || c.id == "" {
		return false
	}
	att := outer.attempt
	if att == nil || att.ended || c.name == "create" && att.hasInit() {
		return false
	}
	byChild := outer.process != c.process
	return byChild || outer.mayBeWrapper() && (outer.script != c.script || outer.program != c.program)
}

// unwrap has a command take the place of its wrapper, which becomes an operation of its own.
func (a *Assembler) unwrap(outer, c *command, e *event.Event) {
	att := outer.attempt
	outer.wrapped, c.attempt = true, att
	outer.becomeOperation(e)
	if att.create != outer {
		return
	}
	if att.wrapper == nil { // its start command may be executed by the same name
		att.wrapper = outer
	} else if k := outer.key(); k != att.wrapper.key() && a.starts.byCreate[k] == att {
		delete(a.starts.byCreate, k)
	}
	if a.starts.byCreate[c.key()] == nil {
		a.starts.byCreate[c.key()] = att
	}
	att.runtime, att.create = c.runtime, c
}

// becomeOperation turns the operation of a command into that of a wrapper. If the runtime is
// executed in its place, it has ended.
func (c *command) becomeOperation(inner *event.Event) {
	if c.op == nil {
		return
	}
	c.op.name = start.OpWrapper
	delete(c.op.attributes, start.AttrRuntime)
	c.op.attributes[start.AttrProgram] = c.program
	c.op.attributes[start.AttrPID] = strconv.Itoa(c.process.pid)
	if inner.PID == c.process.pid {
		c.op.end, c.op.cost = inner.Time, inner.Cost.Since(c.op.before)
	}
}

// learnRuntime learns from the name that a stage of a runtime gives itself which runtime it
// is, if its executable's name does not show that.
func (att *attempt) learnRuntime(comm string) {
	if !att.runtime.IsUnknown() {
		return
	}
	if r := att.runtime.Learn(comm); r != nil {
		att.runtime, att.create.runtime, att.create.unknown = r, r, false
		if op := cmp.Or(att.create.op, &operation{}); op.attributes != nil {
			op.attributes[start.AttrRuntime] = r.Name
		}
	}
}
