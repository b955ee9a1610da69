package collector

import (
	"cmp"
	"time"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/start"
)

// record returns the Start of an attempt that ends at end.
func (att *attempt) record(outcome start.Outcome, end int64, wallOffset int64) *start.Start {
	s := &start.Start{
		Format:      start.FormatVersion,
		ContainerID: att.id,
		Engine:      att.engine,
		Outcome:     outcome,
		Begin:       time.Unix(0, att.begin+wallOffset).UTC(),
		Duration:    time.Duration(end - att.begin),
		Phases:      att.marks.partition(att.begin, end),
		Counts:      att.counts,
	}
	s.TraceID, s.SpanID = traceIDs(att.id, att.pid, att.startTime)
	if id, ok := traceOf(att.traceParent); ok && att.origin.isHost() {
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
	s.Kind, s.Pod = att.pod()
	s.Made, s.Cgroup, s.Rootfs, s.Lineage = att.createdNamespaces(), att.cgroup.result(), att.rootfs(), att.lineage()
	s.Operations = att.finishedOperations(end)
	s.Counts.Namespaces = len(s.Made)
	s.Veths = att.network.describeAll()
	s.Counts.Veths = len(s.Veths)
	return s
}

// finishedOperations returns what was done for the start, in the order in which it
// began.
func (att *attempt) finishedOperations(end int64) []start.Operation {
	var more []*operation
	for _, e := range att.engineMounts {
		if att.isRootfs(e) {
			more = append(more, &operation{name: start.OpRootfsMount, begin: e.Began(), end: e.Time, attributes: mountAttributes(e)})
		}
	}
	more = append(more, att.network.operations(att.begin, end, att.networkIntervals(end))...)
	return att.finished(end, more)
}

// networkIntervals returns when operations of the start that are not the network's
// own set it up: the creation of the network namespace, and hooks of the engine.
func (att *attempt) networkIntervals(end int64) (busy intervals) {
	for _, o := range att.operations {
		if o.name == start.OpNetns || o.name == start.OpHook && engine.IsNetworkHook(o.attributes[start.AttrHook]) {
			busy.add(o.begin, cmp.Or(o.end, end))
		}
	}
	return busy
}
