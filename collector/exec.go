package collector

import (
	"cmp"
	"fmt"
	"path"
	"strconv"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/network"
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

// createKey finds the start of a container by what create and start have in
// common: an id is unique under one root directory of one runtime.
type createKey struct{ runtime, root, id string }

func newCommand(p *process, c runtime.Command, e *Event) *command {
	return &command{
		runtime: c.Runtime, name: c.Name, id: c.ID, root: c.Root,
		mntNS: e.MntNS, process: p, begin: e.Time,
	}
}

func (c *command) key() createKey { return createKey{c.runtime.Name, c.root, c.id} }

// launchKey finds the start that a shim or monitor was executed for.
type launchKey struct{ engine, id string }

// shim is a shim or a monitor: the processes that run its program.
type shim struct {
	engine.Launch
	attempt   *attempt
	processes int // alive
	op        *operation
	launcher  *process
}

// exec takes the execution of a program.
func (a *Assembler) exec(e *Event) verdict {
	p := a.processes.of(e)
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
		t.mishap = mishap{ErrorExec, fmt.Sprintf("exec %s: %s", e.File, errno(e.Ret))}
	}
	return isJoined
}

// execShim begins a start with the shim's or monitor's first execution for it.
// The launcher of containerd's shim executes the shim proper as its child.
func (a *Assembler) execShim(p *process, l engine.Launch, e *Event) verdict {
	if p.shim != nil && p.shim.Launch == l {
		p.enterShim(p.shim)
		return p.countExec()
	}
	p.leaveShim()
	t := a.open(l.ID, l.Engine, p, e.Time)
	s := &shim{Launch: l, attempt: t, launcher: p}
	p.attempt, p.command, p.hook, p.job, p.byInit = t, nil, nil, nil, false
	p.enterShim(s)
	if t == nil {
		return isNode
	}
	t.shim, t.name = s, l.Name
	t.mark(PhaseShim, e.Time)
	s.op = t.execute(OpShim, e, map[string]string{"pid": strconv.Itoa(p.pid)})
	a.launched[t.launch()] = t
	return p.countExec()
}

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
	if old := a.created[c.key()]; old != nil {
		old.flaw = "the container was created again"
		a.end(old, Incomplete, c.begin)
	}
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
	a.created[c.key()] = t
	return t
}

// engineOf is the engine by whose shim or monitor a runtime is executed.
func engineOf(p *process) string {
	if p.shim == nil {
		return engine.None
	}
	return p.shim.Engine
}

// start is the start whose entrypoint a start command lets go. One that was
// created before the exporter was there is seen in part.
func (a *Assembler) start(p *process, c *command) *attempt {
	t := a.created[c.key()]
	if t == nil {
		if t = a.open(c.id, engineOf(p), p, c.begin); t == nil {
			return nil
		}
		t.runtime = c.runtime
		t.spoil(beforeUs)
	}
	if t.begun {
		return nil
	}
	t.begun = true
	t.mark(PhaseStart, c.begin)
	return t
}

// abandon fails a start that its engine gives up: it kills or deletes what it
// has created and not started.
func (a *Assembler) abandon(c *command) {
	if t := a.created[c.key()]; t != nil && t.created && !t.begun {
		a.fail(t, c.begin, ErrorGivenUp, fmt.Sprintf("given up: %s %s before start", c.runtime.Name, c.name))
	}
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
