package collector

import (
	"slices"
	"strings"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// onBundle records the bundle of a create command, and the keys in it.
func (a *Assembler) onBundle(e *event.Event) disposition {
	p := a.processes.find(e.PID, e.StartTime)
	if p == nil || e.Bundle == nil {
		return unrelated
	}
	att := p.creatingStart()
	if att == nil || att.bundleOf == att.create || !att.share.keep(e.Bundle.Size()) {
		return unrelated
	}
	att.bundle, att.bundleOf = e.Bundle, att.create
	att.engine = engine.ByState(att.engine, att.create.root, e.Bundle.Engine)
	att.build = att.build || e.Bundle.Build
	a.decideID(att.origin, att.id, e.Time)
	att.hooks.used = make([]bool, len(e.Bundle.Hooks))
	if e.Bundle.Root != "" {
		att.origin.joins.Own(att, e.Time, join.Path(att.create.mntNS, e.Bundle.Root))
	}
	// of those joined by the container's id, before the bundle was read
	att.engineMounts = slices.DeleteFunc(att.engineMounts, func(mount *event.Event) bool { return !att.isRootfs(mount) })
	for _, mount := range att.engineMounts {
		att.extendBegin(mount.Began())
	}
	if netns := e.Bundle.NetnsPath; netns != "" && !att.joinsOthersNetns() {
		att.origin.joins.Own(att, e.Time, join.Path(att.create.mntNS, netns))
	}
	return joined
}

// joinsOthersNetns reports whether the network namespace that the bundle names was not
// made for this start: it is given by the path of a process in it, or the container is
// one of a pod. The pod's was made before, and an image may have been pulled since; it is
// its sandbox's, or, if that has no container of its own (CRI-O), no start's.
func (att *attempt) joinsOthersNetns() bool {
	kind, pod := att.podByAnnotations()
	return strings.HasPrefix(att.bundle.NetnsPath, "/proc/") || pod != nil && kind != start.Sandbox
}
