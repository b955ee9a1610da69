package collector

import (
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// process is a process that the BPF programs watch. A fork copies what the child
// inherits, so that no chain of ancestors has to be kept.
type process struct {
	pid       int
	startTime int64
	comm      string
	origin    *origin
	ns        event.Namespaces // of the first thread
	// originNetNS is the network namespace in which it, or the process that forked
	// it, executed its program: engines' threads, the first one too, enter others.
	originNetNS uint32
	// forkedBy is the process that forked it.
	forkedBy start.Ancestor
	podUser  podUser

	// Inherited by fork.
	attempt *attempt // the start that it works for
	command *command // the runtime's command that it runs under
	shim    *shim    // the shim or monitor that it descends from
	hook    *hookRun // the OCI hook that it belongs to
	netTool *netTool // the network program that it belongs to
	byInit  bool     // it descends from the container's init
	builder string   // what it descends from, if that runs steps of builds (engine.Builder)

	// inShim: it runs the shim's own program; an exec of another one resets it.
	inShim bool
}

// currentStart returns the start that p works for, if that has not ended; else nil.
// A process that is not known (nil) works for none.
func (p *process) currentStart() *attempt {
	if p == nil || p.attempt == nil || p.attempt.ended {
		return nil
	}
	return p.attempt
}

// creatingStart returns the start whose create or run command p runs under as one
// of the runtime's own processes: not a hook, not forked by init. Otherwise, and for
// a process that is not known (nil), it returns nil.
func (p *process) creatingStart() *attempt {
	if p == nil || p.command == nil || p.command.attempt == nil || p.hook != nil || p.byInit {
		return nil
	}
	if att := p.command.attempt; !att.ended && att.create == p.command {
		return att
	}
	return nil
}

// fork returns a new child of p, with what it inherits.
func (p *process) fork(pid int, startTime int64) *process {
	child := *p
	child.pid, child.startTime = pid, startTime
	child.forkedBy = p.ancestor("")
	child.podUser = podUser{}
	if att := p.currentStart(); att != nil && att.init == p {
		child.byInit = true
	}
	if child.inShim {
		child.shim.processes++
	}
	return &child
}

// ancestor returns p as an entry of a start's lineage.
func (p *process) ancestor(role string) start.Ancestor {
	return start.Ancestor{Role: role, Comm: p.comm, PID: p.pid}
}

// processTable has the processes that are alive, by pid.
type processTable struct {
	byPID   map[int]*process
	limit   int
	dropped perOrigin
}

// find returns the process with that pid and start time, nil if it is not known:
// currentStart and creatingStart may be called on nil. A start time of 0 is not
// known and matches any.
func (t *processTable) find(pid int, startTime int64) *process {
	p := t.byPID[pid]
	if p == nil || startTime != 0 && p.startTime != 0 && p.startTime != startTime {
		return nil
	}
	return p
}

// add puts p in the table. If that is full, or p's origin has too many, p is counted as
// dropped: it serves for this event and is then forgotten.
func (t *processTable) add(p *process) {
	if before, known := t.byPID[p.pid]; known { // its exit was not seen
		t.remove(before)
	}
	if len(t.byPID) >= t.limit || !p.origin.mayAddProcess() {
		t.dropped.count(p.origin)
		return
	}
	t.byPID[p.pid] = p
	p.origin.processes++
	if p.attempt != nil {
		p.attempt.members++
	}
}

// remove takes p out of the table.
func (t *processTable) remove(p *process) {
	if t.byPID[p.pid] != p {
		return
	}
	delete(t.byPID, p.pid)
	p.origin.processes--
	if p.attempt != nil {
		p.attempt.members--
	}
}

// assign makes p work for a start, or, with nil, for none.
func (t *processTable) assign(p *process, att *attempt) {
	inTable := t.byPID[p.pid] == p
	if inTable && p.attempt != nil {
		p.attempt.members--
	}
	if p.attempt = att; inTable && att != nil {
		att.members++
	}
}

// processOf returns the process that an event comes from, and adds it if it is not
// known. A process that belongs to another origin than before has executed a
// container's entrypoint: of what it was, nothing remains.
func (a *Assembler) processOf(e *event.Event) *process {
	if p := a.processes.find(e.PID, e.StartTime); p != nil && p.origin.number == a.originOf(e).number {
		return p
	}
	p := &process{pid: e.PID, startTime: e.StartTime, origin: a.originOf(e)}
	a.processes.add(p)
	return p
}
