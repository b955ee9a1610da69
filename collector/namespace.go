package collector

import (
	"math/bits"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// newNamespaces are the flags with which clone and unshare make namespaces.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWPID |
	unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUSER | unix.CLONE_NEWTIME

const cloneNewNS = unix.CLONE_NEWNS

// namespaceTypes are the types by their flags, named as in /proc/PID/ns.
var namespaceTypes = []struct {
	flag uint64
	name string
}{
	{unix.CLONE_NEWNS, "mnt"}, {unix.CLONE_NEWUTS, "uts"}, {unix.CLONE_NEWIPC, "ipc"},
	{unix.CLONE_NEWPID, "pid"}, {unix.CLONE_NEWNET, "net"}, {unix.CLONE_NEWCGROUP, "cgroup"},
	{unix.CLONE_NEWUSER, "user"}, {unix.CLONE_NEWTIME, "time"},
}

// fork takes the making of a process, and of its namespaces.
func (a *Assembler) fork(e *Event) verdict {
	p := a.processes.find(e.PID, e.Born)
	made := e.Flags & newNamespaces
	a.reuse(e, made)
	if p != nil && p.comm == "" {
		p.comm = e.Comm
	}
	if p == nil {
		if made != 0 {
			a.countNamespaces(e, OriginOther)
		}
		return isNode
	}
	child := p.fork(e.Child, e.ChildBorn)
	if e.Namespaces != nil {
		child.ns = *e.Namespaces
	}
	a.processes.add(child)
	t := p.start()
	if creating := p.creating(); creating != nil && made != 0 && creating.init == nil && creating.runtime.InitComm == "" {
		creating.mark(PhaseNamespaces, e.Began())
		a.initIs(creating, child)
	}
	if made != 0 {
		return a.madeNamespaces(p, child, e)
	}
	if t == nil {
		return isNode
	}
	if t.init == p {
		t.heir = child
	}
	return isJoined
}

// rename takes the names that a runtime's stages give themselves.
func (a *Assembler) rename(e *Event) verdict {
	p := a.processes.find(e.PID, e.Born)
	if p == nil {
		return isNode
	}
	p.comm = e.Name
	t := p.creating()
	if t == nil || e.Name == "" {
		return isNode
	}
	switch e.Name {
	case t.runtime.NamespacesComm:
		t.mark(PhaseNamespaces, e.Time)
	case t.runtime.InitComm:
		a.initIs(t, p)
	}
	return isJoined
}

// namespaces takes unshare and setns, by any thread.
func (a *Assembler) namespaces(e *Event) verdict {
	made := e.Flags & newNamespaces
	if e.Kind == KindSetns || e.Ret < 0 {
		made = 0
	}
	a.reuse(e, made)
	p := a.processes.find(e.PID, e.Born)
	if p == nil {
		if made != 0 {
			a.countNamespaces(e, OriginOther)
		}
		return isNode
	}
	if e.Namespaces != nil && e.Ret == 0 && e.leader() {
		p.ns = *e.Namespaces
	}
	if made != 0 {
		return a.madeNamespaces(p, p, e)
	}
	if p.start() == nil {
		return isNode
	}
	return isJoined
}

// madeNamespaces takes new namespaces by a known process; in is the process
// that is in them.
func (a *Assembler) madeNamespaces(p, in *process, e *Event) verdict {
	t := p.start()
	if t != nil && (p.creating() == t || p == t.init) {
		t.unshared |= e.Flags & newNamespaces
		a.countNamespaces(e, OriginStart)
		if e.Flags&unix.CLONE_NEWNET != 0 {
			t.madeNetns(e, in.ns.Net)
			a.joiner.own(t, e.Time, netnsKey(in.ns.Net))
		}
		return isJoined
	}
	if e.Flags&unix.CLONE_NEWNET != 0 && e.Namespaces != nil && e.Namespaces.Net != 0 {
		return a.offer(e, netnsKey(e.Namespaces.Net))
	}
	a.countNamespaces(e, OriginOther)
	return isNode
}

// reuse takes a new network namespace's inode number from the one that had it
// before.
func (a *Assembler) reuse(e *Event, made uint64) {
	if made&unix.CLONE_NEWNET != 0 && e.Namespaces != nil {
		a.joiner.end(netnsKey(e.Namespaces.Net), e.Began())
	}
}

// engineNetns takes a network namespace that an engine has made for a start.
func (a *Assembler) engineNetns(t *attempt, e *Event) {
	t.unshared |= unix.CLONE_NEWNET
	t.reach(e.Began())
	t.madeNetns(e, e.Namespaces.Net)
	a.countNamespaces(e, OriginStart)
}

// madeNetns adds the making of a network namespace: by itself, where the kernel
// tells, else the call that made it.
func (t *attempt) madeNetns(e *Event, ns uint32) {
	begin, end := e.Began(), e.Time
	if e.NetnsDuration > 0 {
		begin, end = e.NetnsBegan, e.NetnsBegan+e.NetnsDuration
	}
	t.do(OpNetns, begin, end, map[string]string{"inode": inode(ns)})
}

// countNamespaces reports each namespace that a call has made.
func (a *Assembler) countNamespaces(e *Event, origin Origin) {
	alone := bits.OnesCount64(e.Flags&newNamespaces) == 1
	for _, t := range namespaceTypes {
		if e.Flags&t.flag == 0 {
			continue
		}
		n := NamespaceCreated{t.name, origin, time.Duration(e.Duration), alone}
		if t.flag == unix.CLONE_NEWNET && e.NetnsDuration > 0 {
			n.Duration, n.Alone = time.Duration(e.NetnsDuration), true
		}
		a.observer.Namespace(n)
	}
}

// countMntNS reports a mount namespace that a call of the new mount API has made.
func (a *Assembler) countMntNS(by *process, e *Event) {
	if e.Ret < 0 {
		return
	}
	origin := OriginOther
	if by.start() != nil {
		origin = OriginStart
	}
	a.observer.Namespace(NamespaceCreated{"mnt", origin, time.Duration(e.Duration), true})
}

// leader says that the process's first thread did it.
func (e *Event) leader() bool { return e.TID == 0 || e.TID == e.PID }

// see fills in what namespaces every event tells, where none was made.
func (p *process) see(e *Event) {
	if p.ns.Mnt == 0 {
		p.ns.Mnt = e.MntNS
	}
	if p.ns.Net == 0 {
		p.ns.Net = e.NetNS
	}
	if p.home == 0 {
		p.home = e.NetNS
	}
}

func inode(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
