package collector

import (
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// startTable has the starts in progress, by what they are found by.
type startTable struct {
	all      []*attempt             // in the order in which they became known; some have ended
	byShim   map[launchKey]*attempt // until their create command
	byCreate map[createKey]*attempt // until they end
	// reported are those that were reported as incomplete before their start
	// command.
	reported map[createKey]bool
	// abandoned are starts that had no process left, the first one first; a runtime
	// may have been executed for some since.
	abandoned []abandonment

	// attempted = the sum of ended + discarded + refused + in progress
	attempted uint64
	ended     map[start.Outcome]uint64
	discarded uint64 // that have turned out not to be starts
	refused   uint64 // for which there was no room, or no longer
}

// abandonment is when the last process that worked for a start exited.
type abandonment struct {
	attempt *attempt
	at      int64
}

func newStartTable() startTable {
	return startTable{
		byShim: make(map[launchKey]*attempt), byCreate: make(map[createKey]*attempt), reported: make(map[createKey]bool),
		ended: make(map[start.Outcome]uint64),
	}
}

// add adds a start; false if there is no room for it.
func (t *startTable) add(att *attempt) bool {
	t.attempted++
	if len(t.all) >= maxAttempts {
		t.refused++
		return false
	}
	t.all = append(t.all, att)
	return true
}

// left remembers a start if the process that has just exited was the last one that
// worked for it; att may be nil.
func (t *startTable) left(att *attempt, at int64) {
	if att != nil && !att.ended && att.isAbandoned() {
		t.abandoned = append(t.abandoned, abandonment{att, at})
	}
}

// takeAbandoned returns the start that was abandoned first, if that was not after a
// time, and nil if there is none. It returns each once.
func (t *startTable) takeAbandoned(until int64) *attempt {
	for len(t.abandoned) > 0 && t.abandoned[0].at <= until {
		att := t.abandoned[0].attempt
		t.abandoned = t.abandoned[1:]
		if !att.ended && att.isAbandoned() {
			return att
		}
	}
	return nil
}

// compact removes the starts that have ended from the list.
func (t *startTable) compact() {
	kept := t.all[:0]
	for _, att := range t.all {
		if !att.ended {
			kept = append(kept, att)
		}
	}
	clear(t.all[len(kept):])
	t.all = kept
}

// remove removes a start from what it is found by.
func (t *startTable) remove(att *attempt) {
	if t.byShim[att.launchKey()] == att {
		delete(t.byShim, att.launchKey())
	}
	if att.create != nil && t.byCreate[att.create.key()] == att {
		delete(t.byCreate, att.create.key())
	}
}

// inProgress returns how many starts have not ended.
func (t *startTable) inProgress() (n int) {
	for _, att := range t.all {
		if !att.ended {
			n++
		}
	}
	return n
}

// beginStart returns a new start in progress; nil if there are too many or if the id
// cannot be that of a container.
func (a *Assembler) beginStart(id, engine string, p *process, at int64) *attempt {
	if id == "" || len(id) > maxID {
		return nil
	}
	att := &attempt{id: id, engine: engine, openedAt: at, pid: p.pid, startTime: p.startTime}
	a.makeRoom(at)
	if !a.starts.add(att) {
		return nil
	}
	att.extendBegin(at)
	a.joins.Own(att, at, join.Container(id))
	return att
}

// makeRoom evicts an abandoned start if there is no room for another: anybody can
// execute files that are named like a shim, and those must not displace starts.
func (a *Assembler) makeRoom(at int64) {
	if len(a.starts.all) < maxAttempts {
		return
	}
	if a.starts.compact(); len(a.starts.all) < maxAttempts {
		return
	}
	if att := a.starts.takeAbandoned(at); att != nil {
		a.starts.refused++
		a.release(att)
		a.starts.compact()
	}
}

// discardAbandoned drops the starts that were abandoned and for which no runtime was
// executed in time.
func (a *Assembler) discardAbandoned(now int64) {
	for {
		att := a.starts.takeAbandoned(now - int64(abandonedTTL))
		if att == nil {
			return
		}
		a.discard(att, now)
	}
}

// finish ends a start and reports it.
func (a *Assembler) finish(att *attempt, outcome start.Outcome, at int64) {
	if att.ended {
		return
	}
	at = max(at, att.begin)
	a.checkComplete(att, at)
	f := &att.failure
	if f.incompleteReason != "" {
		outcome, f.reason = start.Incomplete, f.incompleteReason
	}
	s := att.record(outcome, at, a.clock.wallOffset)
	a.sandboxes.remember(s)
	if outcome != start.Started {
		s.Error = bounded(f.reason)
	}
	if outcome == start.Failed {
		s.FailedPhase, s.ErrorType = att.marks.at(at), f.errorType
	}
	a.starts.ended[outcome]++
	if outcome == start.Started {
		a.readyWaiters.add(att, s, at)
	}
	a.release(att)
	if f.incompleteReason == startedBeforeExporter && att.create != nil && !att.startExecuted && len(a.starts.reported) < maxAttempts {
		a.starts.reported[att.create.key()] = true
	}
	a.observer.Start(s)
}

// checkComplete marks a start as incomplete if events were lost while it was in
// progress, or if it began before the exporter started.
func (a *Assembler) checkComplete(att *attempt, at int64) {
	if a.lost.during(att.begin, at) {
		att.failure.markIncomplete(a.lost.what)
	}
	if att.begin-a.clock.first < int64(waiterTTL) && att.network.creationUnseen() {
		att.failure.markIncomplete(startedBeforeExporter)
	}
}

// discard drops an attempt that is not a start on this host: the runtime has created
// a container without an init (gVisor, Kata), or the shim has executed no runtime. If
// events were lost, that may only have been missed: the start is then incomplete.
func (a *Assembler) discard(att *attempt, at int64) {
	if att.failure.incompleteReason != "" || a.lost.during(att.begin, at) {
		a.finish(att, start.Incomplete, at)
		return
	}
	a.starts.discarded++
	a.release(att)
}

// release removes a start from the tables, gives up its keys, and frees what its
// processes need no more: a shim refers to its start for as long as the container runs.
func (a *Assembler) release(att *attempt) {
	att.ended = true
	a.joins.Release(att)
	a.starts.remove(att)
	att.timeline, att.hooks, att.network, att.cgroup = timeline{}, hooks{}, netSetup{}, cgroupSetup{}
	att.bundle, att.engineMounts, att.shim, att.init, att.nextInit = nil, nil, nil, nil, nil
}
