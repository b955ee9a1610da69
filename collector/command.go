package collector

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/runtime"
)

// command is one execution of a runtime's command. A runtime may execute
// itself again (a sealed copy): that is the same command.
type command struct {
	runtime *runtime.Runtime
	name    string
	id      string
	root    string
	mntNS   uint32 // in which its bundle's paths are
	process *process
	attempt *attempt // the start that it creates or starts
	begin   int64
	op      *operation
}

func newCommand(p *process, c runtime.Command, e *Event) *command {
	return &command{
		runtime: c.Runtime, name: c.Name, id: c.ID, root: c.Root,
		mntNS: e.MntNS, process: p, begin: e.Time,
	}
}

// createKey finds the start of a container by what create and start have in
// common: an id is unique under one root directory of one runtime, which is a
// path in a mount namespace.
type createKey struct {
	runtime, root, id string
	mntNS             uint32
}

func (c *command) key() createKey { return createKey{c.runtime.Name, c.root, c.id, c.mntNS} }

// launchKey finds the start that a shim or monitor was executed for.
type launchKey struct{ engine, id string }

// execRuntime takes the execution of a runtime's command.
func (a *Assembler) execRuntime(p *process, c runtime.Command, e *Event) verdict {
	again := p.command != nil && p.command.process == p
	if again || c.Name == "init" {
		return p.countExec()
	}
	cmd := newCommand(p, c, e)
	p.command, p.byInit, p.attempt, p.job = cmd, false, nil, nil
	switch c.Name {
	case "create", "run":
		cmd.attempt = a.create(p, cmd)
	case "start":
		cmd.attempt = a.start(p, cmd)
	case "kill", "delete":
		a.abandon(cmd)
	}
	t := cmd.attempt
	if t == nil {
		return isNode
	}
	p.attempt = t
	t.traceParent = cmp.Or(t.traceParent, traceParent(e.Env))
	cmd.op = t.execute(OpRuntime, e, map[string]string{
		"runtime": c.Runtime.Name, "command": c.Name, "pid": strconv.Itoa(p.pid),
	})
	return p.countExec()
}

// create is the start that a create or run makes: the one that its shim has
// begun, or a new one.
func (a *Assembler) create(p *process, c *command) *attempt {
	t := a.launched[launchKey{engineOf(p), c.id}]
	if t == nil {
		t = a.open(c.id, engineOf(p), p, c.begin)
	}
	if t == nil {
		return nil
	}
	delete(a.launched, t.launch())
	if p.shim != nil && p.shim.ID == c.id && p.shim.attempt == nil {
		t.spoil(beforeUs)
	}
	t.runtime, t.create = c.runtime, c
	if t.shim == nil {
		t.shim = p.shim
	}
	t.mark(PhaseCreate, c.begin)
	if a.created[c.key()] == nil {
		a.created[c.key()] = t
	}
	return t
}

// initIs tells which process is a start's init: the container exists. Until
// then its id may be another's, which the runtime would refuse to use again.
func (a *Assembler) initIs(t *attempt, p *process) {
	t.init = p
	k := t.create.key()
	if other := a.created[k]; other != nil && other != t {
		other.flaw = "the container was created again"
		a.end(other, Incomplete, a.now)
	}
	a.created[k] = t
}

// engineOf is the engine by whose shim or monitor a runtime is executed.
func engineOf(p *process) string {
	if p.shim == nil {
		return engine.None
	}
	return p.shim.Engine
}

// start is the start whose entrypoint a start command lets go. One that was
// created before the exporter was there is seen in part, if an engine lets it
// go: anybody can execute something that is named like a runtime.
func (a *Assembler) start(p *process, c *command) *attempt {
	t := a.created[c.key()]
	if t == nil {
		told := a.toldPartly[c.key()]
		delete(a.toldPartly, c.key())
		if p.forker.PID == 0 || told {
			return nil
		}
		if t = a.open(c.id, engineOf(p), p, c.begin); t == nil {
			return nil
		}
		t.runtime = c.runtime
		t.spoil(beforeUs)
	}
	if t.begun {
		return nil
	}
	t.begun, t.mishap = true, mishap{}
	t.mark(PhaseStart, c.begin)
	return t
}

// abandon takes the sign that an engine gives a start up: it kills or deletes
// what it has created and not started. The start fails when its init dies of it.
func (a *Assembler) abandon(c *command) {
	if t := a.created[c.key()]; t != nil && t.created && !t.begun {
		t.mishap = mishap{ErrorGivenUp, fmt.Sprintf("given up: %s %s before start", c.runtime.Name, c.name), c.begin}
	}
}

// exitRuntime takes the end of a runtime's command.
func (a *Assembler) exitRuntime(c *command, e *Event) {
	a.observer.Command(Command{Runtime: c.runtime.Name, Name: c.name, Duration: time.Duration(e.Time - c.begin)})
	t := c.attempt
	if t == nil || t.ended {
		return
	}
	c.op.exit(e)
	switch {
	case t.create == nil: // all that is seen of a start that began before us
		a.end(t, Incomplete, e.Time)
	case e.Status != 0 && (c.name != "start" || t.init == nil):
		why := fmt.Sprintf("%s %s %s", c.runtime.Name, c.name, ended(e.Status))
		a.failFor(t, e.Time, ErrorRuntime, why)
	case e.Status == 0 && c.name != "start" && t.init == nil:
		a.drop(t, e.Time)
	case e.Status == 0 && c.name == "create":
		t.created, t.mishap = true, mishap{}
		t.goesOn(e.Time)
		t.mark(PhaseWait, e.Time)
	}
}
