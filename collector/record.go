package collector

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

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
	}
	s.TraceID, s.SpanID = traceIDs(t.id, t.pid, t.born)
	if id, ok := traceOf(t.traceParent); ok {
		s.TraceID, s.TraceParent = id, t.traceParent
	}
	if t.runtime != nil {
		s.Runtime = t.runtime.Name
	}
	if t.bundle != nil {
		s.Name, s.Image, s.Security = bounded(t.bundle.Name), bounded(t.bundle.Image), t.bundle.Security
	}
	s.Name = cmp.Or(s.Name, bounded(t.name))
	if t.init != nil {
		s.PID, s.Namespaces = t.init.pid, t.init.ns
	}
	s.Made, s.Cgroup, s.Rootfs, s.Pod, s.Lineage = t.made(), t.cgroupOf(), t.rootfs(), t.pod(), t.lineage()
	s.Operations = t.finished(end)
	s.Counts.EngineMounts = len(t.engineMounts)
	s.Counts.Namespaces = len(s.Made)
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
			all = append(all, &operation{name: OpRootfsMount, begin: e.Began(), end: e.Time, attributes: mountAttributes(e)})
		}
	}
	all = append(all, t.networkOperations(end)...)
	for _, v := range t.veths {
		all = append(all, &operation{name: OpVeth, begin: v.begin, end: v.end, attributes: t.describeVeth(v).attributes()})
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
			Cost:       o.cost,
		})
	}
	return list
}
