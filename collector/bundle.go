package collector

import "strings"

// describe takes what the bundle of a create says.
func (a *Assembler) onBundle(e *Event) disposition {
	p := a.processes.find(e.PID, e.Born)
	if p == nil || e.Bundle == nil {
		return unrelated
	}
	att := p.creatingStart()
	if att == nil || att.bundle != nil {
		return unrelated
	}
	att.bundle = e.Bundle
	att.hooks.used = make([]bool, len(e.Bundle.Hooks))
	if e.Bundle.Root != "" {
		a.joiner.own(att, e.Time, pathKey(att.create.mntNS, e.Bundle.Root))
	}
	for _, mount := range att.engineMounts { // joined by the container's id, before the bundle was read
		if att.isRootfs(mount) {
			att.extendBegin(mount.Began())
		}
	}
	if p := e.Bundle.NetnsPath; p != "" && !isProcessPath(p) {
		a.joiner.own(att, e.Time, pathKey(att.create.mntNS, p))
	}
	return joined
}

// ofProcess says that a namespace's path is that of a process which is in it,
// as of a pod's sandbox: it was not made for this start.
func isProcessPath(path string) bool { return strings.HasPrefix(path, "/proc/") }
