package collector

import "container_start_exporter/collector/start"

// startTable has the starts in progress, by what they are found by.
type startTable struct {
	all      []*attempt             // in the order in which they became known; some have ended
	byShim   map[launchKey]*attempt // until their create command
	byCreate map[createKey]*attempt // until they end
	// reported are those that were reported as incomplete before their start
	// command.
	reported map[createKey]bool

	// attempted = the sum of ended + discarded + refused + in progress
	attempted uint64
	ended     map[start.Outcome]uint64
	discarded uint64    // that have turned out not to be starts
	refused   perOrigin // for which there was no room, or no longer
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

// left ends a start if the process that has just exited was the last one that worked
// for it; att may be nil. One that an engine began may go on, and is remembered.
func (a *Assembler) left(att *attempt, at int64) {
	switch {
	case att == nil || att.ended || !att.isAbandoned():
	case att.isProven():
		att.origin.abandoned = append(att.origin.abandoned, abandonment{att, at})
	default:
		a.discard(att, at)
	}
}

// takeAbandoned returns the start that was abandoned first, if that was not after a
// time, and nil if there is none. It returns each once.
func (o *origin) takeAbandoned(until int64) *attempt {
	for len(o.abandoned) > 0 && o.abandoned[0].at <= until {
		att := o.abandoned[0].attempt
		o.abandoned = o.abandoned[1:]
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
	for _, c := range [...]*command{att.create, att.wrapper} {
		if c != nil && t.byCreate[c.key()] == att {
			delete(t.byCreate, c.key())
		}
	}
}

// beginStart returns a new start in progress; nil if there are too many or if the id
// cannot be that of a container.
func (a *Assembler) beginStart(id, engine string, p *process, at int64) *attempt {
	if id == "" || len(id) > maxID {
		return nil
	}
	att := newAttempt(id, engine, p, at)
	a.starts.attempted++
	if !a.makeRoom(p.origin, at) {
		a.starts.refused.count(p.origin)
		return nil
	}
	a.starts.all = append(a.starts.all, att)
	att.origin.attempts++
	att.origin.claims.add(att)
	att.extendBegin(at)
	return att
}

// discardAbandoned drops the starts that were abandoned and for which no runtime was
// executed in time.
func (a *Assembler) discardAbandoned(now int64) {
	a.origins.each(func(o *origin) {
		for att := o.takeAbandoned(now - int64(abandonedTTL)); att != nil; att = o.takeAbandoned(now - int64(abandonedTTL)) {
			a.discard(att, now)
		}
	})
}

// finish ends a start and reports it.
func (a *Assembler) finish(att *attempt, outcome start.Outcome, at int64) {
	if att.ended {
		return
	}
	if outcome == start.Failed && !att.isProven() {
		a.discard(att, at)
		return
	}
	at = max(at, att.begin)
	a.checkComplete(att, at)
	f := &att.failure
	if f.incompleteReason != "" {
		outcome, f.reason = start.Incomplete, f.incompleteReason
	}
	s := att.record(outcome, at, a.clock.wallOffset)
	s.Degraded = att.degraded(outcome, a.unseen)
	if att.origin.isHost() {
		a.sandboxes.remember(s)
	}
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
	if f.incompleteReason == startedBeforeExporter && att.create != nil && !att.startExecuted && att.origin.isHost() && len(a.starts.reported) < maxAttempts {
		a.starts.reported[att.create.key()] = true
	}
	a.observer.Start(s)
}

// checkComplete marks a start as incomplete if events were lost while it was in
// progress, or if it began before the exporter started.
func (a *Assembler) checkComplete(att *attempt, at int64) {
	if l := a.lossOf(att, at); l != nil {
		att.failure.markIncomplete(l.what)
	}
	if att.begin-a.clock.first < int64(waiterTTL) && att.network.creationUnseen() {
		att.failure.markIncomplete(startedBeforeExporter)
	}
}

// discard drops an attempt that is not a start on this host: the runtime has created
// a container without an init (Kata), the shim has executed no runtime, or
// there is no evidence of a runtime. If events were lost, that may only have been
// missed: the start is then incomplete.
func (a *Assembler) discard(att *attempt, at int64) {
	if att.failure.incompleteReason != "" || a.lossOf(att, at) != nil {
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
	att.share.giveBack()
	att.origin.attempts--
	att.origin.joins.Release(att)
	att.origin.claims.remove(att)
	a.decideID(att.origin, att.id, a.clock.now)
	a.starts.remove(att)
	att.timeline, att.hooks, att.network, att.cgroup = timeline{}, hooks{}, netSetup{}, cgroupSetup{}
	att.idMaps = idMaps{}
	att.bundle, att.engineMounts, att.shim, att.init, att.nextInit = nil, nil, nil, nil, nil
}
