package collector

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// record returns the Start of an attempt that ends at end.
func (att *attempt) record(outcome Outcome, end int64, wallOffset int64) *Start {
	s := &Start{
		ContainerID: att.id,
		Engine:      att.engine,
		Kind:        att.kind(),
		Outcome:     outcome,
		Begin:       time.Unix(0, att.begin+wallOffset).UTC(),
		Duration:    time.Duration(end - att.begin),
		Phases:      att.marks.partition(att.begin, end),
		Counts:      att.counts,
	}
	s.TraceID, s.SpanID = traceIDs(att.id, att.pid, att.startTime)
	if id, ok := traceOf(att.traceParent); ok {
		s.TraceID, s.TraceParent = id, att.traceParent
	}
	if att.runtime != nil {
		s.Runtime = att.runtime.Name
	}
	if att.bundle != nil {
		s.Name, s.Image, s.Security = bounded(att.bundle.Name), bounded(att.bundle.Image), att.bundle.Security
	}
	s.Name = cmp.Or(s.Name, bounded(att.name))
	if att.init != nil {
		s.PID, s.Namespaces = att.init.pid, att.init.ns
	}
	s.Made, s.Cgroup, s.Rootfs, s.Pod, s.Lineage = att.createdNamespaces(), att.cgroupOf(), att.rootfs(), att.pod(), att.lineage()
	s.Operations = att.finishedOperations(end)
	s.Counts.EngineMounts = len(att.engineMounts)
	s.Counts.Namespaces = len(s.Made)
	for _, v := range att.veths {
		s.Veths = append(s.Veths, att.describeVeth(v))
	}
	s.Counts.Veths = len(s.Veths)
	return s
}

// finishedOperations returns the operations relative to the start, in the order in
// which they began. One that has not ended when the start ends lasts until then.
func (att *attempt) finishedOperations(end int64) []Operation {
	all := slices.Clone(att.operations)
	for _, e := range att.engineMounts {
		if att.isRootfs(e) {
			all = append(all, &operation{name: OpRootfsMount, begin: e.Began(), end: e.Time, attributes: mountAttributes(e)})
		}
	}
	all = append(all, att.networkOperations(end)...)
	for _, v := range att.veths {
		all = append(all, &operation{name: OpVeth, begin: v.begin, end: v.end, attributes: att.describeVeth(v).attributes()})
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
			Phase:      att.marks.at(o.begin),
			Begin:      time.Duration(o.begin - att.begin),
			Duration:   time.Duration(stop - o.begin),
			Attributes: maps.Clone(o.attributes),
			Cost:       o.cost,
		})
	}
	return list
}
