package collector

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/bits"
	"slices"
	"time"

	"container_start_exporter/collector/runtime"
)

// attempt is a start in progress.
type attempt struct {
	id      string
	engine  string
	runtime *runtime.Runtime
	shim    *shim
	create  *command // the runtime's create or run; nil before its exec
	begun   bool     // the runtime's start was executed
	created bool     // create has exited with status 0
	init    *process
	heir    *process // forked by init, and may take its place (crun)

	opened  int64 // when it became known, for the timeout
	first   int64 // the earliest thing done for it
	marks   marks
	pivoted bool
	hooks   hooks

	bundle       *Bundle
	engineMounts []*Event
	operations   []*operation
	cgroup       *operation
	counts       Counts
	unshared     uint64 // CLONE_NEW* flags with which namespaces were made for it
	veths        []*veth
	jobs         []*job        // network programs
	network      intervals     // in which its network was set up, beside veths, jobs and netns
	links        map[int]*link // its interfaces by index

	// lastError is the last call of init that failed, and nothing after it.
	lastError string
	// flaw says why it has failed or is incomplete; spoiled, why it can only
	// be incomplete however it ends.
	flaw, spoiled string

	keys  []key // that it owns
	ended bool

	// identity of the trace: the process by which it became known.
	pid  int
	born int64
}

// operation is an Operation with absolute times; an end of 0 is still open.
type operation struct {
	name       OperationName
	begin, end int64
	attributes map[string]string
}

// spoil says why it cannot be whole any more.
func (t *attempt) spoil(why string) {
	if t.spoiled == "" {
		t.spoiled = why
	}
}

// launch is the key by which a create finds the start that its shim began.
func (t *attempt) launch() launchKey { return launchKey{t.engine, t.id} }

// do records an operation.
func (t *attempt) do(name OperationName, begin, end int64, attributes map[string]string) *operation {
	t.reach(begin)
	o := &operation{name, begin, end, attributes}
	t.operations = append(t.operations, o)
	return o
}

// mark lets a phase begin.
func (t *attempt) mark(name PhaseName, at int64) {
	t.marks.set(name, at)
	t.reach(at)
}

// reach lets the start begin no later than at.
func (t *attempt) reach(at int64) {
	if t.first == 0 || at < t.first {
		t.first = at
	}
}

// record makes the Start of an attempt that ends at the given moment.
func (t *attempt) record(outcome Outcome, end int64, wallOffset int64) *Start {
	s := &Start{
		ContainerID: t.id,
		Engine:      t.engine,
		Kind:        t.kind(),
		Outcome:     outcome,
		Begin:       time.Unix(0, t.first+wallOffset).UTC(),
		Duration:    time.Duration(end - t.first),
		Phases:      t.marks.partition(t.first, end),
		Counts:      t.counts,
		TraceID:     traceID(t.id, t.pid, t.born),
	}
	if t.runtime != nil {
		s.Runtime = t.runtime.Name
	}
	if t.bundle != nil {
		s.Name, s.Image = t.bundle.Name, t.bundle.Image
	}
	if t.init != nil {
		s.PID, s.Namespaces = t.init.pid, t.init.ns
	}
	s.Operations = t.finished(end)
	s.Counts.EngineMounts = len(t.engineMounts)
	s.Counts.Namespaces = bits.OnesCount64(t.unshared)
	for _, v := range t.veths {
		s.Veths = append(s.Veths, t.describeVeth(v))
	}
	s.Counts.Veths = len(s.Veths)
	return s
}

// finished are the operations relative to the start, in the order in which
// they began. One that goes on when the start ends lasts until then.
func (t *attempt) finished(end int64) []Operation {
	all := slices.Clone(t.operations)
	for _, e := range t.engineMounts {
		if t.isRootfs(e) {
			all = append(all, &operation{OpRootfsMount, e.Began(), e.Time, mountAttributes(e)})
		}
	}
	all = append(all, t.networkOperations(end)...)
	for _, v := range t.veths {
		all = append(all, &operation{OpVeth, v.begin, v.end, t.describeVeth(v).attributes()})
	}
	slices.SortStableFunc(all, func(a, b *operation) int { return cmp.Compare(a.begin, b.begin) })
	list := make([]Operation, 0, len(all))
	for _, o := range all {
		if o.begin > end {
			continue
		}
		stop := o.end
		if stop == 0 || stop > end {
			stop = end
		}
		stop = max(stop, o.begin)
		list = append(list, Operation{
			Name:       o.name,
			Phase:      t.marks.at(o.begin),
			Begin:      time.Duration(o.begin - t.first),
			Duration:   time.Duration(stop - o.begin),
			Attributes: maps.Clone(o.attributes),
		})
	}
	return list
}

// kind tells a pod's sandbox from a container by the annotations that
// containerd's CRI plugin and CRI-O write.
func (t *attempt) kind() string {
	if t.bundle != nil {
		for _, key := range []string{"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"} {
			if t.bundle.Annotations[key] == KindOfSandbox {
				return KindOfSandbox
			}
		}
	}
	return KindOfContainer
}

// traceID is made of what every exporter on the host sees alike.
func traceID(id string, pid int, born int64) string {
	b := binary.LittleEndian.AppendUint64([]byte(id), uint64(pid))
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(b, uint64(born)))
	return hex.EncodeToString(sum[:16])
}
