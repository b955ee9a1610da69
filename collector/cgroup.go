package collector

import (
	"path"
	"strings"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// onCgroup handles the creation of a cgroup, or an attach to one, in one hierarchy.
func (a *Assembler) onCgroup(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil || p.currentStart() == nil {
		return unrelated
	}
	att := p.creatingStart()
	if att == nil || !att.isCgroup(e.Path) {
		return joined
	}
	att.beginPhase(start.PhaseCgroup, e.Time)
	c := &att.cgroup
	c.v1 = c.v1 || e.Hierarchy != 0
	c.v2 = c.v2 || e.Hierarchy == 0
	if c.op == nil {
		c.path = e.Path
		c.op = att.addOperation(start.OpCgroup, e.Time, e.Time, map[string]string{start.AttrPath: bounded(e.Path)})
	}
	c.op.end = e.Time
	return joined
}

// cgroupSetup is how the container's cgroup is set up, in one hierarchy or several.
type cgroupSetup struct {
	path   string
	v1, v2 bool // in a hierarchy of that version
	op     *operation
}

// result returns the cgroup, nil if none was seen.
func (c *cgroupSetup) result() *start.Cgroup {
	if c.path == "" {
		return nil
	}
	result := &start.Cgroup{Path: bounded(c.path)}
	switch {
	case c.v1 && !c.v2:
		result.Version = 1
	case c.v2 && !c.v1:
		result.Version = 2
	}
	return result
}

// isCgroup reports whether a path is the container's own cgroup or below it, not a
// parent that is made on the way (the pod's, or /docker).
func (att *attempt) isCgroup(p string) bool {
	if att.bundle == nil || att.bundle.CgroupsPath == "" {
		return isNamedAfter(path.Base(p), att.id)
	}
	for _, own := range cgroupPaths(att.bundle.CgroupsPath) {
		if strings.HasSuffix(p, own) || strings.Contains(p, own+"/") {
			return true
		}
	}
	return false
}

// cgroupPaths returns the ends of the path of the container's cgroup, as a bundle says:
// the path itself, which SLICE:PREFIX:NAME is only without the systemd driver, or with
// it the scope PREFIX-NAME.
func cgroupPaths(cgroupsPath string) []string {
	paths := []string{path.Clean("/" + cgroupsPath)}
	if _, name, systemd := strings.Cut(cgroupsPath, ":"); systemd {
		paths = append(paths, "/"+strings.Replace(name, ":", "-", 1)+".scope")
	}
	return paths
}

// isNamedAfter reports whether a cgroup's name is a container's id, or has it between
// other words: crun-ID, docker-ID.scope. A short id may be part of any word.
func isNamedAfter(name, id string) bool {
	before, after, found := strings.Cut(name, id)
	isWord := func(c byte) bool { return c != '-' && c != '.' && c != '_' }
	return found && (before == "" || !isWord(before[len(before)-1])) && (after == "" || !isWord(after[0]))
}
