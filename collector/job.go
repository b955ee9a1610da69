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
type job struct {
	operation
	a       *Assembler
	process *process
	program string // its path
	stays   bool   // it runs for as long as the container does

	attempt     *attempt // whose it is
	refused     bool     // it is no start's
	held        []*Event // while it is not known whose it is
	nested      []*job   // executed by it
	traceParent string
	keys        []key // that become the start's with it
	inside      bool  // it counts only if it lies inside the start
}

// maxHeld bounds the events that one job holds; what exceeds it is unjoined.
const maxHeld = 1024

// execNetwork takes the execution of a network program: it is joined as the
// program says, or as what it descends from.
func (a *Assembler) execNetwork(p *process, r network.Run, e *Event) verdict {
	j := &job{
		operation: operation{name: OperationName(r.Operation), begin: e.Time, attributes: r.Attributes, before: e.Cost},
		a:         a, process: p, stays: r.Stays,
		inside: r.ContainerID == "" && len(r.NetnsPaths) == 0,
	}
	j.traceParent = traceParent(e.Env)
	j.attributes["pid"] = strconv.Itoa(p.pid)
	outer := p.job
	j.program = e.File
	p.job = j
	if t := p.start(); t != nil {
		j.join(t)
		return p.countExec()
	}
	if outer != nil {
		outer.nest(j)
		return outer.take(e)
	}
	keys := runKeys(r, e)
	if r.Teardown || len(keys) == 0 {
		j.refused = true
		return isNode
	}
	if r.ContainerID != "" || r.Stays {
		j.keys = keys
	}
	a.waiting++
	j.held = append(j.held, e)
	a.joiner.offer(j, a.now, keys)
	return isHeld
}

// merelyHas says that a program has a CNI plugin's environment because one has
// executed it, and is none itself: plugins that execute each other, as for IPAM,
// lie in one directory (CNI specification, section 4).
func (j *job) merelyHas(r network.Run, e *Event) bool {
	return j != nil && r.Operation == string(OpCNI) && path.Dir(e.File) != path.Dir(j.program)
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
func (j *job) take(e *Event) verdict {
	switch {
	case j.attempt != nil && !j.attempt.ended:
		if e.Kind == KindExec && e.Ret >= 0 {
			j.attempt.counts.Execs++
		}
		j.a.accept(j.attempt, e)
		return isJoined
	case j.refused || j.attempt != nil:
		return isNode
	case len(j.held) >= maxHeld:
		j.a.unjoined++
		return isHeld
	}
	j.a.waiting++
	j.held = append(j.held, e)
	return isHeld
}

// nest adds a job that this one has executed.
func (j *job) nest(inner *job) {
	switch {
	case j.attempt != nil:
		inner.join(j.attempt)
	case j.refused:
		inner.refused = true
	default:
		j.nested = append(j.nested, inner)
	}
}

func (j *job) at() int64 { return j.begin }

// join makes the job a start's, with all that has happened under it.
func (j *job) join(t *attempt) {
	if t.ended || j.inside && t.first > j.begin {
		j.expire() // an address of a container that is gone
		return
	}
	j.attempt = t
	t.reach(j.begin)
	t.jobs = append(t.jobs, j)
	t.traceParent = cmp.Or(t.traceParent, j.traceParent)
	j.a.joiner.own(t, j.begin, j.keys...)
	for _, inner := range j.nested {
		inner.join(t)
	}
	for _, e := range j.held {
		j.a.waiting--
		j.a.joined++
		if e.Kind == KindExec && e.Ret >= 0 {
			t.counts.Execs++
		}
		j.a.accept(t, e)
	}
	j.held, j.nested = nil, nil
}

// expire gives the job up: no start wants it.
func (j *job) expire() {
	j.refused = true
	for _, inner := range j.nested {
		inner.expire()
	}
	for _, e := range j.held {
		j.a.waiting--
		j.a.unjoined++
		j.a.refuse(e)
	}
	j.held, j.nested = nil, nil
}

// done is the job as an operation of a start that ends: one that stays takes no
// time of it.
func (j *job) done(end int64) *operation {
	o := j.operation
	switch {
	case j.stays:
		o.end = o.begin
	case o.end == 0:
		o.end = end
	}
	return &o
}
