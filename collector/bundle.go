package collector

import "strings"

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
		a.joiner.own(t, e.Time, pathKey(t.create.mntNS, e.Bundle.Root))
	}
	for _, mount := range t.engineMounts { // joined by the container's id, before the bundle was read
		if t.isRootfs(mount) {
			t.reach(mount.Began())
		}
	}
	if p := e.Bundle.NetnsPath; p != "" && !ofProcess(p) {
		a.joiner.own(t, e.Time, pathKey(t.create.mntNS, p))
	}
	return isJoined
}

// ofProcess says that a namespace's path is that of a process which is in it,
// as of a pod's sandbox: it was not made for this start.
func ofProcess(path string) bool { return strings.HasPrefix(path, "/proc/") }
