package collector

import (
	"cmp"
	"path"
	"strconv"

	"container_start_exporter/collector/network"
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

	attempt         *attempt   // the start that it belongs to, nil if not known
	unrelated       bool       // it belongs to no start
	deferred        []*Event   // until its start is known
	nested          []*netTool // runs that it executed before its start was known
	traceParent     string
	keys            []key // that its start then owns
	onlyDuringStart bool  // it is joined only to a start that began before it
}

// maxDeferred bounds the events that one run defers; what exceeds it is unjoined.
const maxDeferred = 1024

// execNetwork handles the exec of a network program. The run belongs to the
// start of its process; else to that of the run that executed it; else it is
// joined by the keys in its arguments and environment.
func (a *Assembler) execNetwork(p *process, r network.Run, e *Event) disposition {
	n := &netTool{
		operation: operation{name: OperationName(r.Operation), begin: e.Time, attributes: r.Attributes, before: e.Cost},
		a:         a, process: p, longRunning: r.Stays,
		onlyDuringStart: r.ContainerID == "" && len(r.NetnsPaths) == 0,
	}
	n.traceParent = traceParent(e.Env)
	n.attributes["pid"] = strconv.Itoa(p.pid)
	outer := p.netTool
	n.program = e.File
	p.netTool = n
	if att := p.currentStart(); att != nil {
		n.join(att)
		return p.countExec()
	}
	if outer != nil {
		outer.nest(n)
		return outer.take(e)
	}
	keys := runKeys(r, e)
	if r.Teardown || len(keys) == 0 {
		n.unrelated = true
		return unrelated
	}
	if r.ContainerID != "" || r.Stays {
		n.keys = keys
	}
	a.waiting++
	n.deferred = append(n.deferred, e)
	a.joiner.register(n, a.now, keys)
	return pending
}

// inheritsCNIEnv reports whether a program has a CNI plugin's environment only
// because a plugin has executed it, and is not a plugin itself: plugins that
// execute each other, as for IPAM, are in one directory (CNI specification,
// section 4).
func (n *netTool) inheritsCNIEnv(r network.Run, e *Event) bool {
	return n != nil && r.Operation == string(OpCNI) && path.Dir(e.File) != path.Dir(n.program)
}

// runKeys returns the keys that the run of a network program can be joined by.
func runKeys(r network.Run, e *Event) []key {
	var keys []key
	if r.ContainerID != "" {
		keys = append(keys, containerKey(r.ContainerID))
	}
	for _, p := range r.NetnsPaths {
		keys = append(keys, pathKey(e.MntNS, p))
	}
	for _, address := range r.Addresses {
		keys = append(keys, addressKey(e.NetNS, address))
	}
	for _, port := range r.Published {
		keys = append(keys, publishedKey(e.NetNS, port))
	}
	return keys
}

// take handles an event of the run's process or of a child of that process.
func (n *netTool) take(e *Event) disposition {
	switch {
	case n.attempt != nil && !n.attempt.ended:
		if e.Kind == KindExec && e.Ret >= 0 {
			n.attempt.counts.Execs++
		}
		n.a.apply(n.attempt, e)
		return joined
	case n.unrelated || n.attempt != nil:
		return unrelated
	case len(n.deferred) >= maxDeferred:
		n.a.unjoined++
		return pending
	}
	n.a.waiting++
	n.deferred = append(n.deferred, e)
	return pending
}

// nest adds a run that this one has executed.
func (n *netTool) nest(inner *netTool) {
	switch {
	case n.attempt != nil:
		inner.join(n.attempt)
	case n.unrelated:
		inner.unrelated = true
	default:
		n.nested = append(n.nested, inner)
	}
}

func (n *netTool) at() int64 { return n.begin }

// join joins the run to a start, with its nested runs and its deferred events.
func (n *netTool) join(att *attempt) {
	if att.ended || n.onlyDuringStart && att.begin > n.begin {
		n.expire() // the address of a container that has ended
		return
	}
	n.attempt = att
	att.extendBegin(n.begin)
	att.netTools = append(att.netTools, n)
	att.traceParent = cmp.Or(att.traceParent, n.traceParent)
	n.a.joiner.own(att, n.begin, n.keys...)
	for _, inner := range n.nested {
		inner.join(att)
	}
	for _, e := range n.deferred {
		n.a.waiting--
		n.a.joined++
		if e.Kind == KindExec && e.Ret >= 0 {
			att.counts.Execs++
		}
		n.a.apply(att, e)
	}
	n.deferred, n.nested = nil, nil
}

// expire marks the run, its nested runs and its deferred events as belonging to
// no start.
func (n *netTool) expire() {
	n.unrelated = true
	for _, inner := range n.nested {
		inner.expire()
	}
	for _, e := range n.deferred {
		n.a.waiting--
		n.a.unjoined++
		n.a.expire(e)
	}
	n.deferred, n.nested = nil, nil
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
