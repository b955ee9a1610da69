package collector

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// newNamespaces are the flags with which clone and unshare create namespaces.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWPID |
	unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUSER | unix.CLONE_NEWTIME

const cloneNewNS = unix.CLONE_NEWNS

// namespaceTypes are the types of namespaces by flag, named as in /proc/PID/ns.
var namespaceTypes = []struct {
	flag uint64
	name string
}{
	{unix.CLONE_NEWNS, "mnt"}, {unix.CLONE_NEWUTS, "uts"}, {unix.CLONE_NEWIPC, "ipc"},
	{unix.CLONE_NEWPID, "pid"}, {unix.CLONE_NEWNET, "net"}, {unix.CLONE_NEWCGROUP, "cgroup"},
	{unix.CLONE_NEWUSER, "user"}, {unix.CLONE_NEWTIME, "time"},
}

// onFork handles the creation of a process and of its namespaces.
func (a *Assembler) onFork(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	created := e.Flags & newNamespaces
	a.retireNetns(e, created)
	if p != nil && p.comm == "" {
		p.comm = e.Comm
	}
	if p == nil {
		if created != 0 {
			a.countNamespaces(e, OriginOther)
		}
		return unrelated
	}
	child := p.fork(e.Child, e.ChildStartTime)
	child.followThread(e)
	if e.Namespaces != nil {
		child.ns = *e.Namespaces
	}
	a.processes.add(child)
	att := p.currentStart()
	if creating := p.creatingStart(); creating != nil && !creating.evidence.made && !creating.create.mayBeWrapper() {
		creating.evidence.made = true
		a.decideID(creating.origin, creating.id, e.Time)
	}
	if creating := p.creatingStart(); creating != nil && created != 0 && creating.beginsWithClone() {
		creating.beginPhase(start.PhaseNamespaces, e.Began())
		a.setInit(creating, child)
	}
	if created != 0 {
		return a.onNewNamespaces(p, child, e)
	}
	if att == nil {
		return unrelated
	}
	if att.init == p {
		att.nextInit = child
	}
	return joined
}

// beginsWithClone reports whether the namespaces begin with a clone, whose child is init:
// the runtime, which is no script, has no stages that name themselves.
func (att *attempt) beginsWithClone() bool {
	return att.init == nil && att.runtime.InitComm == "" && !att.runtime.Sandboxed && !att.create.script
}

// onRename handles the names that the stages of a runtime give themselves.
func (a *Assembler) onRename(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil {
		return unrelated
	}
	p.comm = e.Name
	att := p.creatingStart()
	if att == nil || e.Name == "" {
		return unrelated
	}
	att.learnRuntime(e.Name)
	switch e.Name {
	case att.runtime.NamespacesComm:
		att.beginPhase(start.PhaseNamespaces, e.Time)
	case att.runtime.InitComm:
		a.setInit(att, p)
	}
	return joined
}

// onNamespaces handles unshare and setns, by any thread.
func (a *Assembler) onNamespaces(e *event.Event) disposition {
	created := e.Flags & newNamespaces
	if e.Kind == event.KindSetns || e.Ret < 0 {
		created = 0
	}
	a.retireNetns(e, created)
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil {
		if created != 0 {
			a.countNamespaces(e, OriginOther)
		}
		return unrelated
	}
	if e.Namespaces != nil && e.Ret == 0 && e.ByLeader() {
		p.ns = *e.Namespaces
	}
	if created != 0 {
		return a.onNewNamespaces(p, p, e)
	}
	if e.Kind == event.KindSetns && e.Ret == 0 && e.Namespaces != nil {
		a.onEntered(p, e)
	}
	if p.currentStart() == nil {
		return unrelated
	}
	return joined
}

// onEntered handles that a process has entered other namespaces.
func (a *Assembler) onEntered(p *process, e *event.Event) {
	if p.netTool != nil {
		p.netTool.enter(e)
	}
	if att := p.currentStart(); att != nil && att.init == p {
		att.ownNetnsOfInit(e.Time)
	}
}

// ownNetnsOfInit makes the start own the network namespace that its init is in, if the
// bundle names one that was made for it: what has entered that namespace, and does not
// name it as the bundle does, has set up this start's network.
func (att *attempt) ownNetnsOfInit(at int64) {
	if att.bundle == nil || att.bundle.NetnsPath == "" || att.joinsOthersNetns() {
		return
	}
	if ns := att.init.ns.Net; ns != 0 && ns != att.create.process.ns.Net {
		att.origin.joins.Own(att, at, join.Netns(ns))
	}
}

// onNewNamespaces handles namespaces that a known process p has created; member is
// the process that is in them.
func (a *Assembler) onNewNamespaces(p, member *process, e *event.Event) disposition {
	att := p.currentStart()
	if att != nil && (p.creatingStart() == att || p == att.init) {
		att.createdFlags |= e.Flags & newNamespaces
		if e.Flags&unix.CLONE_NEWUSER != 0 {
			att.createdUsers.add(member.ns.User)
		}
		a.countNamespaces(e, OriginStart)
		if e.Flags&unix.CLONE_NEWNET != 0 {
			att.addNetns(e, member.ns.Net)
			att.origin.joins.Own(att, e.Time, join.Netns(member.ns.Net))
		}
		return joined
	}
	if e.Flags&unix.CLONE_NEWNET != 0 && e.Namespaces != nil && e.Namespaces.Net != 0 {
		return a.deferNetns(p, e)
	}
	if p != member && p.origin.isHost() && e.Flags&newNamespaces == unix.CLONE_NEWUSER && e.Namespaces != nil {
		member.podUser.fork = e
		return unrelated
	}
	a.countNamespaces(e, OriginOther)
	return unrelated
}

// retireNetns retires the inode number of a new network namespace: the namespace
// that had it before was removed.
func (a *Assembler) retireNetns(e *event.Event, created uint64) {
	if created&unix.CLONE_NEWNET != 0 && e.Namespaces != nil {
		a.origins.retire(join.Netns(e.Namespaces.Net), e.Began())
	}
}

// applyEngineNetns adds a network namespace that an engine has created to its start.
func (a *Assembler) applyEngineNetns(att *attempt, e *event.Event) {
	att.createdFlags |= unix.CLONE_NEWNET
	if att.pinned.flags == 0 {
		att.pinned = pinned{e.Flags & newNamespaces, *e.Namespaces}
	}
	att.extendBegin(e.Began())
	att.addNetns(e, e.Namespaces.Net)
	a.countNamespaces(e, OriginStart)
}

// pinned are namespaces that an engine has created for a start by one call, together with
// its network namespace, by which that call was joined: CRI-O's pinns creates those of a
// pod, and binds them to paths that the bundle of the sandbox names.
type pinned struct {
	flags uint64
	event.Namespaces
}

// joinedBy returns the flags of those that the entrypoint is in: the others were created
// for something else.
func (p pinned) joinedBy(ns event.Namespaces) (flags uint64) {
	for _, n := range []struct {
		flag       uint64
		made, used uint32
	}{
		{unix.CLONE_NEWUTS, p.UTS, ns.UTS}, {unix.CLONE_NEWIPC, p.IPC, ns.IPC}, {unix.CLONE_NEWUSER, p.User, ns.User},
	} {
		if n.made != 0 && n.made == n.used {
			flags |= n.flag & p.flags
		}
	}
	return flags
}

// userNamespaces are the inodes of user namespaces that a runtime has created for a start.
// Not all are the container's: others map the ids of a mount (mount_setattr(2)).
type userNamespaces struct {
	inodes  []uint32
	unknown bool // there are more
}

func (u *userNamespaces) add(inode uint32) {
	if inode == 0 || len(u.inodes) >= maxCreatedUsers {
		u.unknown = true
		return
	}
	u.inodes = append(u.inodes, inode)
}

// mayHave reports whether a namespace is among them, or may be.
func (u *userNamespaces) mayHave(inode uint32) bool {
	return u.unknown || inode == 0 || slices.Contains(u.inodes, inode)
}

// addNetns adds the creation of a network namespace: its own time if the kernel
// reports it (copy_net_ns), else that of the call.
func (att *attempt) addNetns(e *event.Event, ns uint32) {
	begin, end := e.Began(), e.Time
	if e.NetnsDuration > 0 {
		begin, end = e.NetnsBegan, e.NetnsBegan+e.NetnsDuration
	}
	att.addOperation(start.OpNetns, begin, end, map[string]string{start.AttrInode: inode(ns)})
}

// countNamespaces reports each namespace that a call has created.
func (a *Assembler) countNamespaces(e *event.Event, origin Origin) {
	alone := bits.OnesCount64(e.Flags&newNamespaces) == 1
	for _, t := range namespaceTypes {
		if e.Flags&t.flag == 0 {
			continue
		}
		n := NamespaceCreated{t.name, origin, time.Duration(e.Duration), alone}
		if t.flag == unix.CLONE_NEWNET && e.NetnsDuration > 0 {
			n.Duration, n.Alone = time.Duration(e.NetnsDuration), true
		}
		a.node.NodeFact(n)
	}
}

// countMntNS reports a mount namespace that a call of the new mount API has created.
func (a *Assembler) countMntNS(by *process, e *event.Event) {
	if e.Ret < 0 {
		return
	}
	origin := OriginOther
	if by.currentStart() != nil {
		origin = OriginStart
	}
	a.node.NodeFact(NamespaceCreated{"mnt", origin, time.Duration(e.Duration), true})
}

// followThread makes the namespaces of p those of the thread of an event: a child is in
// those of the thread that forked it, and a thread that executes a program becomes the
// first. That of an engine may have entered a container's.
func (p *process) followThread(e *event.Event) {
	p.ns.Mnt, p.ns.Net = cmp.Or(e.MntNS, p.ns.Mnt), cmp.Or(e.NetNS, p.ns.Net)
}

// learnNamespaces fills in the namespaces that every event has, if they are not
// known.
func (p *process) learnNamespaces(e *event.Event) {
	if p.ns.Mnt == 0 {
		p.ns.Mnt = e.MntNS
	}
	if p.ns.Net == 0 {
		p.ns.Net = e.NetNS
	}
	if p.originNetNS == 0 {
		p.originNetNS = e.NetNS
	}
}

func inode(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
