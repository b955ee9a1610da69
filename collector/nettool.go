package collector

import (
	"cmp"
	"path"
	"strconv"
	"strings"

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

	attempt         *attempt       // the start that it belongs to, nil if not known
	unrelated       bool           // it belongs to no start
	deferred        []*event.Event // until its start is known
	nested          []*netTool     // runs that it executed before its start was known
	traceParent     string
	keys            []join.Key // that its start then owns
	onlyDuringStart bool       // it is joined only to a start that began before it
}

// maxDeferred bounds the events that one run defers; what exceeds it is unjoined.
const maxDeferred = 1024

// execNetwork handles the exec of a network program. The run belongs to the
// start of its process; else to that of the run that executed it; else it is
// joined by the keys in its arguments and environment.
func (a *Assembler) execNetwork(p *process, r network.Run, e *event.Event) disposition {
	n := &netTool{
		operation: operation{name: r.Operation, begin: e.Time, attributes: r.Attributes, before: e.Cost},
		a:         a, process: p, longRunning: r.Stays,
		onlyDuringStart: r.ContainerID == "" && len(r.NetnsPaths) == 0,
	}
	n.traceParent = traceParent(e.Env)
	n.attributes[start.AttrPID] = strconv.Itoa(p.pid)
	outer := p.netTool
	n.program = strings.Clone(e.File)
	p.netTool = n
	if att := p.currentStart(); att != nil {
		n.Resolve(att)
		return p.countExec()
	}
	if outer != nil {
		outer.nest(n)
		return outer.onEvent(e)
	}
	keys := runKeys(r, e)
	if r.Teardown || len(keys) == 0 {
		n.unrelated = true
		return unrelated
	}
	if r.ContainerID != "" || r.Stays {
		n.keys = keys
	}
	n.deferred = append(n.deferred, e)
	return a.deferJoin(n, p.origin, e.Size(), keys)
}

// inheritsCNIEnv reports whether a program has a CNI plugin's environment only
// because a plugin has executed it, and is not a plugin itself: plugins that
// execute each other, as for IPAM, are in one directory (CNI specification,
// section 4).
func (n *netTool) inheritsCNIEnv(r network.Run, e *event.Event) bool {
	return n != nil && r.Operation == start.OpCNI && path.Dir(e.File) != path.Dir(n.program)
}

// runKeys returns the keys that the run of a network program can be joined by.
func runKeys(r network.Run, e *event.Event) []join.Key {
	var keys []join.Key
	if r.ContainerID != "" {
		keys = append(keys, join.Container(r.ContainerID))
	}
	for _, p := range r.NetnsPaths {
		keys = append(keys, join.Path(e.MntNS, p))
	}
	for _, address := range r.Addresses {
		keys = append(keys, join.Address(e.NetNS, address))
	}
	for _, port := range r.Published {
		keys = append(keys, join.Published(e.NetNS, port))
	}
	return keys
}

// onEvent handles an event of the run's process or of a child of that process.
func (n *netTool) onEvent(e *event.Event) disposition {
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
func (n *netTool) Resolve(att *attempt) {
	if att.ended || n.onlyDuringStart && att.begin > n.begin {
		n.Expire() // the address of a container that has ended
		return
	}
	n.attempt = att
	att.extendBegin(n.begin)
	att.network.addTool(n)
	att.traceParent = cmp.Or(att.traceParent, n.traceParent)
	att.origin.joins.Own(att, n.begin, n.keys...)
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

// size returns about how many bytes the run occupies.
func (n *netTool) size() int {
	size := n.operation.size() + 200 + len(n.program)
	for _, k := range n.keys {
		size += len(k.Text()) + 64
	}
	return size
}

// finishedOperation returns the run as an operation of a start that ends at end:
// a run that has not ended lasts until then, a long-running one takes no time.
func (n *netTool) finishedOperation(end int64) *operation {
	o := n.operation
	switch {
	case n.longRunning:
		o.end = o.begin
	case o.end == 0:
		o.end = end
	}
	return &o
}
