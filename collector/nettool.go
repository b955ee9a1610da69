package collector

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/start"
)

// netTool is one run of a program that sets up a start's network: a CNI plugin,
// iptables. Its start may become known only after it has ended. The events of
// its process and of the children of that process belong to the run.
type netTool struct {
	operation
	a           *Assembler
	process     *process
	program     string // its path
	longRunning bool   // it runs for as long as the container does

	labels     struct{ program, command string } // of a fact about it
	lastActive int64                             // when it was last seen to set something up

	netNS       uint32 // that it was executed in
	entersNetns bool   // it enters the one that it sets up
	entered     uint32 // the first other one that it has entered; 0 if none

	attempt         *attempt       // the start that it belongs to, nil if not known
	unrelated       bool           // it belongs to no start
	deferred        []*event.Event // until its start is known
	nested          []*netTool     // runs that it executed before its start was known
	outermost       *netTool       // the run that it was executed by, or one that was, before its start was known
	traceParent     string
	keys            []join.Key // that its start then owns
	published       []join.Key // and these, until the run ends: the port was in use
	onlyDuringStart bool       // it is joined only to a start that began before it
}

// maxDeferred bounds the events that one run defers; what exceeds it is unjoined.
const maxDeferred = 1024

// execNetwork handles the exec of a network program. The run belongs to the
// start of its process; else to that of the run that executed it; else it is
// joined by the keys in its arguments and environment, and by the network
// namespace that it enters.
func (a *Assembler) execNetwork(p *process, r network.Run, e *event.Event) disposition {
	outer := p.netTool
	if outer.isSameRun(p, r) {
		return p.execInRun(e)
	}
	n := newNetTool(a, p, r, e)
	if outer != nil && outer.process == p {
		outer.end, outer.cost = e.Time, e.Cost.Since(outer.before) // its process is this run now
	}
	p.netTool = n
	if att := p.currentStart(); att != nil {
		n.Resolve(att)
		return p.countExec()
	}
	if outer != nil {
		outer.nest(n)
		return outer.onEvent(e)
	}
	if r.Teardown {
		a.rollBack(p, r, e.Time)
	}
	keys := a.runKeys(p, r, e)
	if r.Teardown || len(keys) == 0 && !r.EntersNetns {
		n.unrelated = true
		return unrelated
	}
	if r.ContainerID != "" || r.Stays { // but not the id: a start owns no other than its own
		n.keys = slices.DeleteFunc(slices.Clone(keys), func(k join.Key) bool { return k == join.Container(r.ContainerID) })
	}
	for _, port := range r.Publishes {
		n.published = append(n.published, join.Published(e.NetNS, port))
	}
	n.deferred = append(n.deferred, e)
	return a.deferJoin(n, p.origin, e.Size(), keys)
}

func newNetTool(a *Assembler, p *process, r network.Run, e *event.Event) *netTool {
	n := &netTool{
		operation: operation{name: r.Operation, begin: e.Time, attributes: r.Attributes, before: e.Cost},
		a:         a, process: p, program: strings.Clone(e.File), longRunning: r.Stays,
		netNS: e.NetNS, entersNetns: r.EntersNetns,
		onlyDuringStart: r.ContainerID == "" && len(r.NetnsPaths) == 0 && !r.EntersNetns,
		traceParent:     traceParent(e.Env),
	}
	n.labels.program, n.labels.command = r.Labels()
	n.attributes[start.AttrPID] = strconv.Itoa(p.pid)
	return n
}

// exitNetwork handles the exit of the process of a network program.
func (a *Assembler) exitNetwork(n *netTool, e *event.Event) {
	if n.process.origin.isHost() && !n.longRunning { // anybody in a container can execute what looks like one
		a.node.NodeFact(NetworkProgram{
			Program: n.labels.program, Command: n.labels.command,
			Duration: time.Duration(e.Time - n.begin), Failed: e.Status != 0,
		})
	}
	n.exit(e)
}

// isSameRun reports whether the run r of a network program, executed by p, is that of n:
// pasta executes the variant of itself that fits the CPU.
func (n *netTool) isSameRun(p *process, r network.Run) bool {
	return n != nil && n.process == p && n.name == r.Operation && n.attributes[start.AttrPlugin] == r.Attributes[start.AttrPlugin]
}

// execInRun handles the exec of a program that belongs to the run of p.
func (p *process) execInRun(e *event.Event) disposition {
	if p.currentStart() != nil {
		return p.countExec()
	}
	return p.netTool.onEvent(e)
}

// inheritsCNIEnv reports whether a program has a CNI plugin's environment only
// because a plugin has executed it, and is not a plugin itself: plugins that
// execute each other, as for IPAM, are in one directory (CNI specification,
// section 4).
func (n *netTool) inheritsCNIEnv(r network.Run, e *event.Event) bool {
	return n != nil && r.Operation == start.OpCNI && path.Dir(e.File) != path.Dir(n.program)
}

// runKeys returns the keys that the run of a network program can be joined by.
func (a *Assembler) runKeys(by *process, r network.Run, e *event.Event) []join.Key {
	var keys []join.Key
	if r.ContainerID != "" {
		keys = append(keys, join.Container(r.ContainerID))
	}
	for _, p := range r.NetnsPaths {
		keys = append(keys, join.Path(e.MntNS, p))
	}
	for _, pid := range r.NetnsPIDs {
		if ns := a.netnsOf(pid, by.origin); ns != 0 && ns != e.NetNS {
			keys = append(keys, join.Netns(ns))
		}
	}
	if r.InNetns && e.NetNS != by.originNetNS {
		keys = append(keys, join.Netns(e.NetNS))
	}
	for _, address := range r.Addresses {
		keys = append(keys, join.Address(e.NetNS, address))
	}
	for _, port := range r.Published {
		keys = append(keys, join.Published(e.NetNS, port))
	}
	return keys
}

// netnsOf returns the network namespace of a process that one of an origin names by its
// pid, 0 if it is not known: a pid in a container is one of another pid namespace.
func (a *Assembler) netnsOf(pid int, by *origin) uint32 {
	if p := a.processes.byPID[pid]; p != nil && by.isHost() && p.origin.isHost() {
		return p.ns.Net
	}
	return 0
}

// enter handles that the run's process, or a child of it, has entered a network namespace.
// The first one that is not its own is the one that it sets up: what a start owns it by.
func (n *netTool) enter(e *event.Event) {
	n.active(e.Time)
	root, ns := cmp.Or(n.outermost, n), e.Namespaces.Net
	if !n.entersNetns || ns == 0 || ns == n.netNS || root.entered != 0 || root.attempt != nil || root.unrelated {
		return
	}
	root.entered = ns
	n.process.origin.joins.Wait(netnsEntry{root, e.Time}, n.a.clock.now, []join.Key{join.Netns(ns)})
}

// netnsEntry joins a run to the start that owns the network namespace that it has entered.
// The run waits for its other keys as well.
type netnsEntry struct {
	run *netTool
	at  int64
}

// At returns when the run entered the namespace.
func (n netnsEntry) At() int64 { return n.at }

// Resolve joins the run to the start.
func (n netnsEntry) Resolve(att *attempt) { n.run.Resolve(att) }

// Expire does nothing: the run may still be joined by another key.
func (n netnsEntry) Expire() {}

// active records that the run was seen to set something up.
func (n *netTool) active(at int64) { n.lastActive = at }

// onEvent handles an event of the run's process or of a child of that process.
func (n *netTool) onEvent(e *event.Event) disposition {
	if e.Kind != event.KindExit || e.PID != n.process.pid {
		n.active(e.Time)
	}
	switch {
	case n.attempt != nil && !n.attempt.ended:
		n.apply(n.attempt, e)
		return joined
	case n.unrelated || n.attempt != nil:
		n.a.expire(e)
		return unrelated
	case len(n.deferred) >= maxDeferred:
		n.a.ledger.refuse()
		n.a.expire(e)
		return pending
	}
	n.a.ledger.wait()
	n.process.origin.waitingBytes += e.Size()
	n.deferred = append(n.deferred, e)
	n.a.boundWaiting(n.process.origin)
	return pending
}

// nest adds a run that this one has executed.
func (n *netTool) nest(inner *netTool) {
	switch {
	case n.attempt != nil:
		inner.Resolve(n.attempt)
	case n.unrelated:
		inner.unrelated = true
	default:
		inner.outermost = cmp.Or(n.outermost, n)
		n.nested = append(n.nested, inner)
	}
}

// apply adds an event of the run to its start.
func (n *netTool) apply(att *attempt, e *event.Event) {
	if e.Kind == event.KindExec && e.Ret >= 0 {
		att.counts.Execs++
		att.noteCut(e)
	}
	n.a.apply(att, e)
}

// At returns when the run began.
func (n *netTool) At() int64 { return n.begin }

// Resolve joins the run to a start, with its nested runs and its deferred events.
// A run that waits for several keys is joined by the first of them.
func (n *netTool) Resolve(att *attempt) {
	if n.attempt != nil || n.unrelated {
		return
	}
	if att.ended || n.onlyDuringStart && att.begin > n.begin {
		n.Expire() // the address of a container that has ended
		return
	}
	n.attempt = att
	att.extendBegin(n.begin)
	att.network.addTool(n)
	att.traceParent = cmp.Or(att.traceParent, n.traceParent)
	att.origin.joins.Own(att, n.begin, n.keys...)
	if n.end == 0 {
		att.origin.joins.Own(att, n.begin, n.published...)
	}
	for _, inner := range n.nested {
		inner.Resolve(att)
	}
	for _, e := range n.deferred {
		n.a.ledger.join()
		n.process.origin.waitingBytes -= e.Size()
		n.apply(att, e)
	}
	n.deferred, n.nested = nil, nil
}

// Expire marks the run, its nested runs and its deferred events as belonging to
// no start.
func (n *netTool) Expire() {
	if n.attempt != nil {
		return
	}
	n.unrelated = true
	for _, inner := range n.nested {
		inner.Expire()
	}
	for _, e := range n.deferred {
		n.a.ledger.expire()
		n.process.origin.waitingBytes -= e.Size()
		n.a.expire(e)
	}
	n.deferred, n.nested = nil, nil
}

// exit ends the run at the exit of its process. What it published is its start's no longer.
func (n *netTool) exit(e *event.Event) {
	n.operation.exit(e)
	if n.attempt == nil {
		return
	}
	for _, k := range n.published {
		n.attempt.origin.joins.Disown(n.attempt, k)
	}
}

// size returns about how many bytes the run occupies.
func (n *netTool) size() int {
	size := n.operation.size() + 200 + len(n.program)
	for _, k := range slices.Concat(n.keys, n.published) {
		size += len(k.Text()) + 64
	}
	return size
}

// finishedOperation returns the run as an operation of a start that ends at end:
// a run that has not ended lasts until then, a long-running one until it was last seen
// to set something up, as no probe sees by what it reports that it is ready.
func (n *netTool) finishedOperation(end int64) *operation {
	o := n.operation
	switch {
	case n.longRunning:
		o.end = max(o.begin, min(n.lastActive, end))
	case o.end == 0:
		o.end = end
	}
	return &o
}
