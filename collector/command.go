package collector

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/collector/start"
)

// command is one execution of a runtime's command. A runtime may execute
// itself again (as a sealed copy); that is still the same command.
type command struct {
	runtime *runtime.Runtime
	name    string
	id      string
	root    string // "" is not known
	bundle  string
	systemd bool   // it lets systemd make the cgroup
	mntNS   uint32 // the mount namespace of its bundle's paths
	program string // its name
	script  bool
	unknown bool // of its runtime only the command line is known
	wrapped bool // it was a wrapper: it has executed the runtime
	process *process
	attempt *attempt // the start that it creates or starts
	begin   int64
	op      *operation
}

func newCommand(p *process, c runtime.Command, program argv.Program, e *event.Event) *command {
	return &command{
		runtime: c.Runtime, name: c.Name, id: keptID(c.ID), root: kept(cmp.Or(c.Root, c.Runtime.DefaultRoot)), bundle: kept(c.Bundle), systemd: c.Systemd,
		mntNS: e.MntNS, process: p, begin: e.Time, program: strings.Clone(bounded(program.Name)), script: program.Script,
		unknown: c.Runtime.IsUnknown(),
	}
}

// createKey identifies a container by what its create and start commands have in
// common: an id is unique under one root directory, which is a path in a mount
// namespace. A wrapper has it in common with the runtime that it executes.
type createKey struct {
	origin   uint32
	root, id string
	mntNS    uint32
}

func (c *command) key() createKey {
	return createKey{c.process.origin.number, c.root, c.id, c.mntNS}
}

// launchKey identifies the start that a shim or monitor was executed for.
type launchKey struct {
	origin     uint32
	engine, id string
}

// execRuntime handles the execution of a runtime's command.
func (a *Assembler) execRuntime(p *process, c runtime.Command, program argv.Program, e *event.Event) disposition {
	cmd := newCommand(p, c, program, e)
	outer := p.command
	wrapped := cmd.isWrappedBy(outer)
	reexec := outer != nil && outer.process == p
	if reexec && !wrapped || c.Name == "init" {
		return p.countExec()
	}
	p.command, p.byInit, p.netTool = cmd, false, nil
	if wrapped {
		a.unwrap(outer, cmd, e)
		return a.addCommand(cmd, e)
	}
	a.processes.assign(p, nil)
	switch c.Name {
	case "create", "run":
		cmd.attempt = a.onRuntimeCreate(p, cmd)
	case "start":
		cmd.attempt = a.onRuntimeStart(p, cmd)
	case "kill", "delete":
		a.cancel(cmd)
	}
	return a.addCommand(cmd, e)
}

// addCommand adds a command to the start that it creates or starts, if there is one.
func (a *Assembler) addCommand(cmd *command, e *event.Event) disposition {
	p, att := cmd.process, cmd.attempt
	if att == nil {
		return unrelated
	}
	a.processes.assign(p, att)
	att.traceParent = cmp.Or(att.traceParent, traceParent(e.Env))
	cmd.op = att.addExec(start.OpRuntime, e, map[string]string{
		start.AttrRuntime: cmd.runtime.Name, start.AttrCommand: cmd.name, start.AttrPID: strconv.Itoa(p.pid),
	})
	return p.countExec()
}

// onRuntimeCreate returns the start of a create or run command: the one that its
// shim began, or a new one; nil if a new one is refused.
func (a *Assembler) onRuntimeCreate(p *process, c *command) *attempt {
	att := a.starts.launched(p, c.id)
	if att == nil {
		att = a.beginStart(c.id, engineOf(p), p, c.begin)
	}
	if att == nil {
		return nil
	}
	if key := att.launchKey(); a.starts.byShim[key] == att {
		delete(a.starts.byShim, key)
	}
	att.recogniseEngine(p, c)
	if p.shim != nil && p.shim.ID == c.id {
		att.failure.markIncomplete(p.shim.beginningLost())
	}
	att.runtime, att.create = c.runtime, c
	if att.shim == nil {
		att.shim = p.shim
	}
	att.beginPhase(start.PhaseCreate, c.begin)
	if a.starts.byCreate[c.key()] == nil {
		a.starts.byCreate[c.key()] = att
	}
	return att
}

// launched returns the start that the shim of a runtime's process was executed for: its
// own shim, or one that only found that of the pod (containerd 1); nil if there is none.
func (t *startTable) launched(p *process, id string) *attempt {
	if s := p.shim; s != nil && s.ID == id && s.attempt != nil && !s.attempt.ended && s.attempt.create == nil {
		return s.attempt
	}
	return t.byShim[launchKey{p.origin.number, engineOf(p), id}]
}

// setInit makes p the start's init.
func (a *Assembler) setInit(att *attempt, p *process) {
	att.init, att.evidence.made = p, true
	att.ownNetnsOfInit(a.clock.now)
	a.containerMade(att)
}

// containerMade decides whose container it is: only now does it exist. Until then
// another container may have its id, and the runtime would refuse to reuse that.
func (a *Assembler) containerMade(att *attempt) {
	k := att.create.key()
	if other := a.starts.byCreate[k]; other != nil && other != att {
		other.failure.reason = "the container was created again"
		a.finish(other, start.Incomplete, a.clock.now)
	}
	a.starts.byCreate[k] = att
	a.decideID(att.origin, att.id, a.clock.now)
}

// engineOf returns the engine whose shim or monitor executed the runtime p.
func engineOf(p *process) string {
	if p.shim == nil {
		return engine.None
	}
	return p.shim.Engine
}

// recogniseEngine finds the engine of a start by its create command, if that shows more
// than a shim in a containerd namespace did, or if there is no shim: a step of a build
// is executed by the builder itself.
func (att *attempt) recogniseEngine(p *process, c *command) {
	if p.shim != nil || att.shim != nil {
		att.engine = engine.ByState(att.engine, c.root, "")
		return
	}
	att.engine = engine.StepOf(p.builder, c.id, c.bundle)
	att.build = att.engine != engine.None
}

// onRuntimeStart returns the start whose entrypoint a start command releases, nil
// if there is none. If the container was created before the exporter started, that
// is a new, incomplete start, but only if a watched process (an engine) forked the
// command: anybody can execute a program that is named like a runtime.
func (a *Assembler) onRuntimeStart(p *process, c *command) *attempt {
	att := a.starts.byCreate[c.key()]
	if att == nil {
		reported := a.starts.reported[c.key()]
		delete(a.starts.reported, c.key())
		if p.forkedBy.PID == 0 || reported {
			return nil
		}
		if att = a.beginStart(c.id, engineOf(p), p, c.begin); att == nil {
			return nil
		}
		att.engine = engine.ByState(att.engine, c.root, "")
		att.runtime = c.runtime
		att.failure.markIncomplete(startedBeforeExporter)
	}
	if att.startExecuted {
		return nil
	}
	c.adopt(att)
	att.startExecuted = true
	att.failure.progress()
	att.beginPhase(start.PhaseStart, c.begin)
	return att
}

// adopt makes the command one of the runtime that creates the container, if nothing else
// is known of its own.
func (c *command) adopt(att *attempt) {
	if c.unknown && att.runtime != nil {
		c.runtime = att.runtime
	}
}

// cancel handles a kill or delete of a container that was created and not started:
// the engine gives the start up. The start fails once its init has died of it.
func (a *Assembler) cancel(c *command) {
	if att := a.starts.byCreate[c.key()]; att != nil && att.created && !att.startExecuted {
		c.adopt(att)
		att.failure.cause = failureCause{start.ErrorCancelled, fmt.Sprintf("given up: %[1]s %[2]s ran before %[1]s start", c.runtime.Name, c.name), c.begin}
		if c.runtime.Sandboxed { // there is no init to see die of it
			a.fail(att, c.begin, att.failure.cause.kind, att.failure.cause.text)
		}
	}
}

// exitRuntime handles the exit of a runtime's command.
func (a *Assembler) exitRuntime(c *command, e *event.Event) {
	if c.wrapped {
		if c.op != nil {
			c.op.exit(e)
		}
		return
	}
	if c.process.origin.isHost() { // anybody in a container can execute what looks like one
		a.node.NodeFact(Command{Runtime: c.runtime.Name, Name: c.name, Duration: time.Duration(e.Time - c.begin)})
	}
	att := c.attempt
	if att == nil || att.ended {
		return
	}
	c.op.exit(e)
	switch {
	case att.create == nil: // its create ran before the exporter started: nothing more will be seen
		a.finish(att, start.Incomplete, e.Time)
	case e.Status != 0 && att.init == nil:
		a.failWithCause(att, e.Time, start.ErrorRuntime, c.describeExit(e.Status))
	case e.Status != 0 && c.name != "start" && att.failure.cause.kind == "":
		// init goes on if the runtime was killed; if it has failed, init dies of it
		att.failure.cause = failureCause{kind: start.ErrorRuntime, text: c.describeExit(e.Status)}
	case e.Status != 0:
	case c.runtime.Sandboxed && c.name == "start" && att.created:
		a.finish(att, start.Started, e.Time)
	case c.runtime.Sandboxed && c.name == "create" && att.evidence.launched:
		a.containerMade(att)
		att.waitForStart(e.Time)
	case e.Status == 0 && c.name != "start" && att.init == nil:
		a.discard(att, e.Time)
	case e.Status == 0 && c.name == "create":
		att.waitForStart(e.Time)
	}
}

// waitForStart handles that the create command has exited with status 0.
func (att *attempt) waitForStart(at int64) {
	att.created = true
	att.failure.progress()
	att.closeHooksPhase(at)
	att.beginPhase(start.PhaseWait, at)
}

// describeExit describes in words how the command has failed.
func (c *command) describeExit(status int) string {
	name := c.runtime.Name
	if c.runtime.IsUnknown() {
		name = c.program
	}
	return fmt.Sprintf("%s %s %s", name, c.name, describeExit(status))
}
