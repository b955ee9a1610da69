package collector

import (
	"path"
	"strings"
)

// onCgroup handles the creation of a cgroup, or an attach to one, in one hierarchy.
func (a *Assembler) onCgroup(e *Event) disposition {
	p := a.processes.find(e.PID, e.Born)
	if p == nil || p.currentStart() == nil {
		return unrelated
	}
	att := p.creatingStart()
	if att == nil || !att.isCgroup(e.Path) {
		return joined
	}
	att.beginPhase(PhaseCgroup, e.Time)
	if att.cgroupPath == "" {
		att.cgroupPath = e.Path
	}
	att.cgroupV1 = att.cgroupV1 || e.Hierarchy != 0
	att.cgroupV2 = att.cgroupV2 || e.Hierarchy == 0
	if att.cgroup == nil {
		att.cgroup = att.addOperation(OpCgroup, e.Time, e.Time, map[string]string{"path": bounded(e.Path)})
	}
	att.cgroup.end = e.Time
	return joined
}

// isCgroup reports whether a path is the container's own cgroup or below it, not a
// parent that is made on the way (the pod's, or /docker).
func (att *attempt) isCgroup(p string) bool {
	if strings.Contains(path.Base(p), att.id) {
		return true
	}
	if att.bundle == nil || att.bundle.CgroupsPath == "" {
		return false
	}
	own := path.Clean("/" + att.bundle.CgroupsPath)
	if _, name, systemd := strings.Cut(att.bundle.CgroupsPath, ":"); systemd {
		own = "/" + strings.Replace(name, ":", "-", 1) + ".scope"
	}
	return strings.HasSuffix(p, own) || strings.Contains(p, own+"/")
}
