package collector

// describe takes what the bundle of a create says.
func (a *Assembler) describe(e *Event) verdict {
	p := a.processes.find(e.PID, e.Born)
	if p == nil || e.Bundle == nil {
		return isNode
	}
	t := p.creating()
	if t == nil || t.bundle != nil {
		return isNode
	}
	t.bundle = e.Bundle
	t.hooks.used = make([]bool, len(e.Bundle.Hooks))
	if e.Bundle.Root != "" {
		a.joiner.own(t, pathKey(t.create.mntNS, e.Bundle.Root))
	}
	return isJoined
}
