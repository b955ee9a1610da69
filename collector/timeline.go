package collector

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// timeline is when a start began, when its phases did, and what was done in them.
// Its times are boot times in ns.
type timeline struct {
	begin      int64 // when the first thing was done for the start
	marks      marks
	operations []*operation
	mountBytes int  // of the mounts among them
	others     int  // of them that are not mounts
	overflowed bool // there were more
	share      *share
}

// extendBegin makes the start begin no later than at.
func (t *timeline) extendBegin(at int64) {
	if t.begin == 0 || at < t.begin {
		t.begin = at
	}
}

// beginPhase begins a phase, unless it has begun.
func (t *timeline) beginPhase(name start.PhaseName, at int64) {
	t.marks.set(name, at)
	t.extendBegin(at)
}

// beginPhaseBy begins a phase, or moves its beginning to an earlier time.
func (t *timeline) beginPhaseBy(name start.PhaseName, at int64) {
	t.marks.setEarliest(name, at)
	t.extendBegin(at)
}

// addOperation records an operation, if a record has room for it.
func (t *timeline) addOperation(name start.OperationName, begin, end int64, attributes map[string]string) *operation {
	t.extendBegin(begin)
	o := &operation{name: name, begin: begin, end: end, attributes: attributes}
	if t.hasRoom(o) {
		t.operations = append(t.operations, o)
	} else {
		t.overflowed = true
	}
	return o
}

// hasRoom reports whether an operation fits in what a record holds, and counts it.
func (t *timeline) hasRoom(o *operation) bool {
	size := o.size()
	if o.name == start.OpMount {
		t.mountBytes += size
		return t.mountBytes <= maxMountBytes && t.share.keep(size)
	}
	t.others++
	return t.others <= maxOperations && t.share.keep(size)
}

// size returns about how many bytes the operation occupies.
func (o *operation) size() int {
	n := 200 // its times, and a map
	for _, value := range o.attributes {
		n += len(value)
	}
	return n
}

// addExec records an operation that is a process, from its exec on.
func (t *timeline) addExec(name start.OperationName, e *event.Event, attributes map[string]string) *operation {
	o := t.addOperation(name, e.Time, 0, attributes)
	o.before = e.Cost
	return o
}

// finished returns the operations, with those in more, relative to the beginning
// and in the order in which they began. One that has not ended at end lasts until
// then.
func (t *timeline) finished(end int64, more []*operation) []start.Operation {
	all := slices.Concat(t.operations, more)
	slices.SortStableFunc(all, func(a, b *operation) int { return cmp.Compare(a.begin, b.begin) })
	list := make([]start.Operation, 0, len(all))
	for _, o := range all {
		if o.begin <= end {
			list = append(list, t.finish(o, end))
		}
	}
	return list
}

func (t *timeline) finish(o *operation, end int64) start.Operation {
	stop := o.end
	if stop == 0 || stop > end {
		stop = end
	}
	return start.Operation{
		Name:       o.name,
		Phase:      t.marks.at(o.begin),
		Begin:      time.Duration(o.begin - t.begin),
		Duration:   time.Duration(max(stop, o.begin) - o.begin),
		Attributes: maps.Clone(o.attributes),
		Cost:       o.cost,
	}
}

// operation is an Operation with absolute times; an end of 0 means that it has not
// ended.
type operation struct {
	name       start.OperationName
	begin, end int64
	attributes map[string]string
	// For a process: its cost when it executed the program, and the cost of
	// the program.
	before, cost *event.Cost
}

// exit ends an operation that is a process, at its exit event.
func (o *operation) exit(e *event.Event) {
	o.end = e.Time
	o.attributes[start.AttrExitCode] = exitCode(e.Status)
	o.cost = e.Cost.Since(o.before)
}

// phaseOrder is the order of phases that begin at the same nanosecond. Prepare has
// no mark: it is the time before the first.
var phaseOrder = [...]start.PhaseName{
	start.PhaseShim, start.PhaseCreate, start.PhaseCgroup, start.PhaseNamespaces,
	start.PhaseRootfs, start.PhaseHooks, start.PhaseInit, start.PhaseWait, start.PhaseStart,
}

// marks are the boot times at which the phases of a start begin, in phaseOrder; 0
// means that a phase has not begun.
type marks [len(phaseOrder)]int64

func (m *marks) index(name start.PhaseName) int { return slices.Index(phaseOrder[:], name) }

// set begins a phase, unless it has begun: each occurs at most once.
func (m *marks) set(name start.PhaseName, at int64) {
	if i := m.index(name); m[i] == 0 {
		m[i] = at
	}
}

// setEarliest begins a phase, unless it has begun before.
func (m *marks) setEarliest(name start.PhaseName, at int64) {
	if i := m.index(name); m[i] == 0 || at < m[i] {
		m[i] = at
	}
}

// clear undoes the beginning of a phase.
func (m *marks) clear(name start.PhaseName) { m[m.index(name)] = 0 }

func (m *marks) has(name start.PhaseName) bool { return m[m.index(name)] != 0 }

// at returns the phase at a moment; before the first mark it is prepare.
func (m *marks) at(moment int64) start.PhaseName {
	last, name := int64(0), start.PhasePrepare
	for i, begin := range m {
		if begin != 0 && begin <= moment && begin >= last {
			last, name = begin, phaseOrder[i]
		}
	}
	return name
}

// partition cuts the time from begin to end at the marks. The durations sum to
// end-begin: each phase lasts until the next one begins.
func (m *marks) partition(begin, end int64) []start.Phase {
	var list []start.Phase
	for i, at := range m {
		if at != 0 && at <= end {
			list = append(list, start.Phase{Name: phaseOrder[i], Begin: time.Duration(at - begin)})
		}
	}
	slices.SortStableFunc(list, func(a, b start.Phase) int { return cmp.Compare(a.Begin, b.Begin) })
	if len(list) == 0 || list[0].Begin > 0 {
		list = slices.Insert(list, 0, start.Phase{Name: start.PhasePrepare})
	}
	for i := range list {
		next := time.Duration(end - begin)
		if i+1 < len(list) {
			next = list[i+1].Begin
		}
		list[i].Duration = next - list[i].Begin
	}
	return list
}

// interval is a period of boot time, ns.
type interval struct{ from, to int64 }

// intervals are periods that may overlap.
type intervals []interval

func (i *intervals) add(from, to int64) { *i = append(*i, interval{from, to}) }

// union returns when the first of the intervals begins and for how long at least
// one of them lasts, cut to the time from start to end. What ended before start
// does not count.
func (i intervals) union(start, end int64) (begin, duration int64) {
	sorted := slices.SortedFunc(slices.Values(i), func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	begin = end
	reached := start
	for _, v := range sorted {
		if v.to < start {
			continue
		}
		begin = min(begin, max(v.from, start))
		if from, to := max(v.from, reached), min(v.to, end); to > from {
			duration += to - from
			reached = to
		}
	}
	return begin, duration
}
