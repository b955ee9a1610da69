package collector

import (
	"cmp"
	"path"
	"strconv"

	"container_start_exporter/collector/network"
)

// job is the execution of a program that sets up a start's network: a CNI
// plugin, iptables. Whose it is may become known only after it has ended. What
// its process and the children of that do belongs to the job.
type netTool struct {
	operation
	a           *Assembler
	process     *process
	program     string // its path
	longRunning bool   // it runs for as long as the container does

	attempt         *attempt   // whose it is
	refused         bool       // it is no start's
	deferred        []*Event   // while it is not known whose it is
	nested          []*netTool // executed by it
	traceParent     string
	keys            []key // that become the start's with it
	onlyDuringStart bool  // it counts only if it lies inside the start
}

// maxHeld bounds the events that one job holds; what exceeds it is unjoined.
const maxDeferred = 1024

// execNetwork takes the execution of a network program: it is joined as the
// program says, or as what it descends from.
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
		n.refused = true
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

// merelyHas says that a program has a CNI plugin's environment because one has
// executed it, and is none itself: plugins that execute each other, as for IPAM,
// lie in one directory (CNI specification, section 4).
func (n *netTool) inheritsCNIEnv(r network.Run, e *Event) bool {
	return n != nil && r.Operation == string(OpCNI) && path.Dir(e.File) != path.Dir(n.program)
}

// runKeys are what the run of a network program can be joined by.
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

// take takes an event of the job's process or of a child of it.
func (n *netTool) take(e *Event) disposition {
	switch {
	case n.attempt != nil && !n.attempt.ended:
		if e.Kind == KindExec && e.Ret >= 0 {
			n.attempt.counts.Execs++
		}
		n.a.apply(n.attempt, e)
		return joined
	case n.refused || n.attempt != nil:
		return unrelated
	case len(n.deferred) >= maxDeferred:
		n.a.unjoined++
		return pending
	}
	n.a.waiting++
	n.deferred = append(n.deferred, e)
	return pending
}

// nest adds a job that this one has executed.
func (n *netTool) nest(inner *netTool) {
	switch {
	case n.attempt != nil:
		inner.join(n.attempt)
	case n.refused:
		inner.refused = true
	default:
		n.nested = append(n.nested, inner)
	}
}

func (n *netTool) at() int64 { return n.begin }

// join makes the job a start's, with all that has happened under it.
func (n *netTool) join(att *attempt) {
	if att.ended || n.onlyDuringStart && att.begin > n.begin {
		n.expire() // an address of a container that is gone
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

// expire gives the job up: no start wants it.
func (n *netTool) expire() {
	n.refused = true
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

// done is the job as an operation of a start that ends: one that stays takes no
// time of it.
func (n *netTool) done(end int64) *operation {
	o := n.operation
	switch {
	case n.longRunning:
		o.end = o.begin
	case o.end == 0:
		o.end = end
	}
	return &o
}
