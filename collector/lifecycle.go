package collector

// open begins an attempt; nil if too many are in progress or if the id is no
// container's.
func (a *Assembler) open(id, engine string, p *process, at int64) *attempt {
	if id == "" || len(id) > maxID {
		return nil
	}
	if len(a.attempts) >= maxAttempts {
		a.sweep()
	}
	if len(a.attempts) >= maxAttempts {
		a.dropped++
		return nil
	}
	t := &attempt{id: id, engine: engine, opened: at, pid: p.pid, born: p.born}
	t.reach(at)
	a.attempts = append(a.attempts, t)
	a.joiner.own(t, at, containerKey(id))
	return t
}

// sweep drops from the list what has ended.
func (a *Assembler) sweep() {
	kept := a.attempts[:0]
	for _, t := range a.attempts {
		if !t.ended {
			kept = append(kept, t)
		}
	}
	clear(a.attempts[len(kept):])
	a.attempts = kept
}

// end ends an attempt and reports it.
func (a *Assembler) end(t *attempt, outcome Outcome, at int64) {
	if t.ended {
		return
	}
	at = max(at, t.first)
	if t.spoiled == "" && a.lost.during(t.first, at) {
		t.spoiled = a.lost.what
	}
	if t.spoiled == "" && t.first-a.began < int64(patience) && t.lacksMaking() {
		t.spoiled = beforeUs
	}
	if t.spoiled != "" {
		outcome, t.flaw = Incomplete, t.spoiled
	}
	s := t.record(outcome, at, a.wallOffset)
	a.sandboxes.see(s)
	if outcome != Started {
		s.Error = bounded(t.flaw)
	}
	if outcome == Failed {
		s.FailedPhase, s.ErrorType = t.marks.at(at), t.errorType
	}
	a.close(t)
	if t.spoiled == beforeUs && t.create != nil && !t.begun && len(a.toldPartly) < maxAttempts {
		a.toldPartly[t.create.key()] = true
	}
	if outcome == Started {
		a.unready.add(t, s, at)
	}
	a.observer.Start(s)
}

// drop ends an attempt that has turned out to be no start on this host: the
// runtime has created a container and made no init for it (gVisor, Kata). Where
// events were lost that may be why none was seen.
func (a *Assembler) drop(t *attempt, at int64) {
	if t.spoiled != "" || a.lost.during(t.first, at) {
		a.end(t, Incomplete, at)
		return
	}
	a.close(t)
}

// close lets go of all that belongs to an attempt.
func (a *Assembler) close(t *attempt) {
	t.ended = true
	a.joiner.release(t)
	if a.launched[t.launch()] == t {
		delete(a.launched, t.launch())
	}
	if t.create != nil && a.created[t.create.key()] == t {
		delete(a.created, t.create.key())
	}
}
