package collector

// process is a process that the kernel side watches. What a fork hands down
// is copied to the child, so that no chain of ancestors has to be kept.
type process struct {
	pid       int
	startTime int64
	comm      string
	ns        Namespaces // of its first thread
	// home is the network namespace in which it, or what forked it, executed
	// its program: threads of engines, the first one too, enter others.
	originNetNS uint32
	// forker is who forked it.
	forkedBy Ancestor

	// Handed down by fork.
	attempt *attempt // the start that it works for
	command *command // the runtime's command that it runs under
	shim    *shim    // the shim or monitor that it descends from
	hook    *hookRun // the OCI hook that it belongs to
	netTool *netTool // the network program that it belongs to
	byInit  bool     // it descends from the container's init

	// inShim says that it runs the shim's own program; execs undo it.
	inShim bool
}

// start is the start that p works for and that has not ended. A process that is
// not known (nil) works for none.
func (p *process) currentStart() *attempt {
	if p == nil || p.attempt == nil || p.attempt.ended {
		return nil
	}
	return p.attempt
}

// creating is the start whose create or run command p runs under, as one of
// the runtime's own processes: no hook and nothing that init has forked. A
// process that is not known (nil) runs under none.
func (p *process) creatingStart() *attempt {
	if p == nil || p.command == nil || p.command.attempt == nil || p.hook != nil || p.byInit {
		return nil
	}
	if att := p.command.attempt; !att.ended && att.create == p.command {
		return att
	}
	return nil
}

// fork makes the child of p.
func (p *process) fork(pid int, born int64) *process {
	child := *p
	child.pid, child.startTime = pid, born
	child.forkedBy = p.ancestor("")
	if att := p.currentStart(); att != nil && att.init == p {
		child.byInit = true
	}
	if child.inShim {
		child.shim.processes++
	}
	return &child
}

// ancestor is p as a part of a start's lineage.
func (p *process) ancestor(role string) Ancestor {
	return Ancestor{Role: role, Comm: p.comm, PID: p.pid}
}

// processes is the table of what is alive, by pid.
type processTable struct {
	byPID   map[int]*process
	limit   int
	dropped uint64
}

// find returns the process of that pid if it is the one born then, nil if it is
// not known: what a process is asked for, start and creating, nil answers too.
// A born of 0 is unknown and matches.
func (t *processTable) find(pid int, born int64) *process {
	p := t.byPID[pid]
	if p == nil || born != 0 && p.startTime != 0 && p.startTime != born {
		return nil
	}
	return p
}

// of returns the process that an event comes from, and makes it known if it
// is not.
func (t *processTable) of(e *Event) *process {
	if p := t.find(e.PID, e.Born); p != nil {
		return p
	}
	p := &process{pid: e.PID, startTime: e.Born}
	t.add(p)
	return p
}

// add puts p in the table, unless that is full: p is then used for the event
// at hand and forgotten.
func (t *processTable) add(p *process) {
	if _, known := t.byPID[p.pid]; !known && len(t.byPID) >= t.limit {
		t.dropped++
		return
	}
	t.byPID[p.pid] = p
}
