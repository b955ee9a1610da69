package collector

import (
	"cmp"
	"path"
	"strings"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// onCgroupMkdir handles the creation of a cgroup in one hierarchy. One that is made by a
// process that is not watched is that of a start if a process of the start is moved
// there: with the systemd driver, the runtime asks systemd for it.
func (a *Assembler) onCgroupMkdir(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil {
		k := join.Cgroup(e.Hierarchy, e.Path)
		a.originOf(e).joins.Retire(k, e.Time-1) // another one had the path before
		return a.deferEvent(e, k)
	}
	if p.currentStart() == nil {
		return unrelated
	}
	if att := p.creatingStart(); att.ownsCgroup(e.Path) {
		att.addCgroup(e, e.Time)
	}
	return joined
}

// onCgroupRmdir handles the removal of a cgroup: the next one with its path is another.
func (a *Assembler) onCgroupRmdir(e *event.Event) disposition {
	a.originOf(e).joins.Retire(join.Cgroup(e.Hierarchy, e.Path), e.Time)
	return unrelated
}

// onCgroupAttach handles the move of a process into a cgroup, in one hierarchy. It belongs
// to the start that the moved process works for, whoever moved it.
func (a *Assembler) onCgroupAttach(e *event.Event) disposition {
	moved, by := a.processes.find(e.Child, e.ChildStartTime), a.processes.find(e.PID, e.StartTime)
	if moved.currentStart() == nil && by.currentStart() == nil {
		return unrelated
	}
	if att := cmp.Or(moved.creatingStart(), by.creatingStart()); att.ownsCgroup(e.Path) {
		att.attachCgroup(e, by == nil)
	}
	return joined
}

// attachCgroup adds the move of a process of the start into the start's cgroup, by the
// runtime, or by a stranger that has made the cgroup, too.
func (att *attempt) attachCgroup(e *event.Event, stranger bool) {
	att.origin.joins.Own(att, e.Time, join.Cgroup(e.Hierarchy, e.Path)) // of a mkdir that waits
	if e.Made != 0 {
		att.addCgroup(e, e.Made)
	}
	att.cgroup.byStranger = att.cgroup.byStranger || stranger
	att.cgroup.beginUnseen = att.cgroup.beginUnseen || stranger && att.cgroup.op == nil
	att.addCgroup(e, e.Time)
	if inner := strings.HasPrefix(e.Path, att.cgroup.path+"/"); inner {
		att.cgroup.path = e.Path
		att.cgroup.op.attributes[start.AttrPath] = bounded(e.Path)
	}
}

// addCgroup adds what was done at a moment to set up the start's cgroup. Hierarchies may
// be heard of in another order than that in which they were set up.
func (att *attempt) addCgroup(e *event.Event, at int64) {
	att.beginPhaseBy(start.PhaseCgroup, at)
	c := &att.cgroup
	c.v1 = c.v1 || e.Hierarchy != 0
	c.v2 = c.v2 || e.Hierarchy == 0
	if c.op == nil {
		c.path = e.Path
		c.op = att.addOperation(start.OpCgroup, at, at, map[string]string{start.AttrPath: bounded(e.Path)})
	}
	c.op.begin, c.op.end = min(c.op.begin, at), max(c.op.end, at)
}

// cgroupSetup is how the container's cgroup is set up, in one hierarchy or several.
type cgroupSetup struct {
	path        string // of the innermost one that a process of the start was moved to
	v1, v2      bool   // in a hierarchy of that version
	op          *operation
	byStranger  bool // a stranger (systemd) moved a process of the start there
	beginUnseen bool // it was not seen when a stranger made the cgroup
}

// lacksCgroup reports whether the container has a cgroup and it was not seen when that
// began to be made: nothing was seen of it, or only what the runtime did in or beside a
// scope, which nobody but systemd makes.
func (att *attempt) lacksCgroup(outcome start.Outcome) bool {
	c := &att.cgroup
	switch {
	case c.beginUnseen:
		return true
	case c.op != nil:
		return !c.byStranger && inScope(c.path)
	case att.create == nil:
		return false
	}
	isWanted := att.create.systemd || att.bundle != nil && att.bundle.CgroupsPath != ""
	return isWanted && outcome == start.Started && !att.runtime.Sandboxed
}

// inScope reports whether a cgroup is a scope or in one, as the one that crun makes in it.
func inScope(p string) bool { return strings.Contains(p+"/", ".scope/") }

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

// ownsCgroup reports whether a path is the container's own cgroup or below it; false for
// no start.
func (att *attempt) ownsCgroup(p string) bool { return att != nil && att.isCgroup(p) }

// isCgroup reports whether a path is the container's own cgroup or below it, not a
// parent that is made on the way (the pod's, or /docker).
func (att *attempt) isCgroup(p string) bool {
	if own := att.cgroup.path; own != "" && strings.HasPrefix(p, own+"/") {
		return true
	}
	if att.bundle == nil || att.bundle.CgroupsPath == "" {
		scope, isScope := strings.CutSuffix(path.Dir(p), ".scope")
		return isNamedAfter(path.Base(p), att.id) || isScope && isNamedAfter(path.Base(scope), att.id)
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
