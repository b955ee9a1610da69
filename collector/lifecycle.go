package collector

// beginStart returns a new start in progress; nil if there are too many or if the id
// cannot be that of a container.
func (a *Assembler) beginStart(id, engine string, p *process, at int64) *attempt {
	if id == "" || len(id) > maxID {
		return nil
	}
	if len(a.attempts) >= maxAttempts {
		a.compact()
	}
	if len(a.attempts) >= maxAttempts {
		a.dropped++
		return nil
	}
	att := &attempt{id: id, engine: engine, openedAt: at, pid: p.pid, startTime: p.startTime}
	att.extendBegin(at)
	a.attempts = append(a.attempts, att)
	a.joiner.own(att, at, containerKey(id))
	return att
}

// compact removes the starts that have ended from the list.
func (a *Assembler) compact() {
	kept := a.attempts[:0]
	for _, att := range a.attempts {
		if !att.ended {
			kept = append(kept, att)
		}
	}
	clear(a.attempts[len(kept):])
	a.attempts = kept
}

// finish ends a start and reports it.
func (a *Assembler) finish(att *attempt, outcome Outcome, at int64) {
	if att.ended {
		return
	}
	at = max(at, att.begin)
	if att.incompleteReason == "" && a.lost.during(att.begin, at) {
		att.incompleteReason = a.lost.what
	}
	if att.incompleteReason == "" && att.begin-a.firstEvent < int64(patience) && att.creationUnseen() {
		att.incompleteReason = startedBeforeExporter
	}
	if att.incompleteReason != "" {
		outcome, att.reason = Incomplete, att.incompleteReason
	}
	s := att.record(outcome, at, a.wallOffset)
	a.sandboxes.remember(s)
	if outcome != Started {
		s.Error = bounded(att.reason)
	}
	if outcome == Failed {
		s.FailedPhase, s.ErrorType = att.marks.at(at), att.errorType
	}
	a.release(att)
	if att.incompleteReason == startedBeforeExporter && att.create != nil && !att.startExecuted && len(a.reportedIncomplete) < maxAttempts {
		a.reportedIncomplete[att.create.key()] = true
	}
	if outcome == Started {
		a.readyWaiters.add(att, s, at)
	}
	a.observer.Start(s)
}

// discard drops an attempt that is not a start on this host: the runtime has created
// a container without an init (gVisor, Kata). If events were lost, the init may only
// have been missed: the start is then incomplete.
func (a *Assembler) discard(att *attempt, at int64) {
	if att.incompleteReason != "" || a.lost.during(att.begin, at) {
		a.finish(att, Incomplete, at)
		return
	}
	a.release(att)
}

// release removes a start from the tables and gives up its keys.
func (a *Assembler) release(att *attempt) {
	att.ended = true
	a.joiner.release(att)
	if a.byShim[att.launchKey()] == att {
		delete(a.byShim, att.launchKey())
	}
	if att.create != nil && a.byCreate[att.create.key()] == att {
		delete(a.byCreate, att.create.key())
	}
}
