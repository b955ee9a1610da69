package collector

import (
	"path"
	"strings"
)

// cgroup takes the making of a cgroup, or an attach to one, in one hierarchy.
func (a *Assembler) cgroup(e *Event) verdict {
	p := a.processes.find(e.PID, e.Born)
	if p == nil || p.start() == nil {
		return isNode
	}
	t := p.creating()
	if t == nil || !t.isCgroup(e.Path) {
		return isJoined
	}
	t.mark(PhaseCgroup, e.Time)
	if t.cgroupPath == "" {
		t.cgroupPath = e.Path
	}
	t.cgroupV1 = t.cgroupV1 || e.Hierarchy != 0
	t.cgroupV2 = t.cgroupV2 || e.Hierarchy == 0
	if t.cgroup == nil {
		t.cgroup = t.do(OpCgroup, e.Time, e.Time, map[string]string{"path": bounded(e.Path)})
	}
	t.cgroup.end = e.Time
	return isJoined
}

// isCgroup says that a path is the container's own cgroup or below it, not a
// parent that is made on the way (the pod's, or /docker).
func (t *attempt) isCgroup(p string) bool {
	if strings.Contains(path.Base(p), t.id) {
		return true
	}
	if t.bundle == nil || t.bundle.CgroupsPath == "" {
		return false
	}
	own := path.Clean("/" + t.bundle.CgroupsPath)
	if _, name, systemd := strings.Cut(t.bundle.CgroupsPath, ":"); systemd {
		own = "/" + strings.Replace(name, ":", "-", 1) + ".scope"
	}
	return strings.HasSuffix(p, own) || strings.Contains(p, own+"/")
}
