package collector

// makeRoom reports whether there is room for one more start of an origin. If there is
// none, others give way: abandoned starts of the same origin, as anybody can execute
// files that are named like a shim; and, for the host, starts of containers.
func (a *Assembler) makeRoom(o *origin, at int64) bool {
	if !o.isHost() && o.attempts >= maxNestedAttempts && !a.evictAbandoned(o, at) {
		return false
	}
	if !o.isHost() && a.origins.nestedAttempts() >= maxAllNestedAttempts {
		a.evictNested()
	}
	if len(a.starts.all) < maxAttempts {
		return true
	}
	if a.starts.compact(); len(a.starts.all) < maxAttempts {
		return true
	}
	return a.evictAbandoned(o, at) || o.isHost() && a.evictNested()
}

// evictAbandoned evicts the start of an origin that was abandoned first; false if there
// is none.
func (a *Assembler) evictAbandoned(o *origin, at int64) bool {
	att := o.takeAbandoned(at)
	if att != nil {
		a.evict(att)
	}
	return att != nil
}

// evictNested evicts the oldest start of the container that has the most; false if
// there is none.
func (a *Assembler) evictNested() bool {
	var most *origin
	for _, o := range a.origins.nested {
		if most == nil || o.attempts > most.attempts {
			most = o
		}
	}
	for _, att := range a.starts.all {
		if !att.ended && att.origin == most {
			a.evict(att)
			return true
		}
	}
	return false
}

// evict drops a start for which there is no room any longer.
func (a *Assembler) evict(att *attempt) {
	a.starts.refused.count(att.origin)
	att.evicted = true
	a.release(att)
	a.starts.compact()
}
