package collector

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// onMount handles the calls of the old and the new mount API.
func (a *Assembler) onMount(e *event.Event) disposition {
	if e.NewMntNS {
		known := a.processes.find(e.PID, e.StartTime)
		a.countMntNS(known, e)
		if known == nil {
			return unrelated // reported only for the namespace
		}
	}
	p := a.processOf(e)
	att := p.currentStart()
	if att != nil && p == att.init {
		att.initMount(e)
		return joined
	}
	if p.command != nil || p.hook != nil {
		if att == nil {
			return unrelated
		}
		return joined
	}
	if att != nil && p.inShim && p.shim.attempt == att && att.create == nil {
		return a.shimMount(att, e)
	}
	if p.inShim {
		if d, handled := a.podMount(p, e); handled {
			return d
		}
	}
	return a.hostMount(p, e)
}

// hostMount handles a mount by an engine or a shim: the rootfs is joined by its path.
func (a *Assembler) hostMount(p *process, e *event.Event) disposition {
	if p.netTool != nil {
		p.netTool.active(e.Time)
	}
	switch {
	case e.Kind == event.KindUmount && e.Ret == 0:
		a.originOf(e).joins.Cancel(join.Path(e.MntNS, e.ResolvedTarget()), isDeferredMount)
		return unrelated
	case !e.AttachesMount() || e.Ret < 0 || !path.IsAbs(e.ResolvedTarget()):
		return unrelated
	}
	keys := mountKeys(e)
	if ns := a.boundNetns(p, e); ns != 0 {
		keys = append(keys, join.Netns(ns))
		d := a.deferred(e, keys)
		return a.deferJoin(netnsMount{d, ns}, d.o, d.size, keys)
	}
	return a.deferEvent(e, keys...)
}

// netnsMount is a bind mount that keeps a network namespace: one start owns both
// the path and the namespace.
type netnsMount struct {
	deferredEvent
	ns uint32
}

// Resolve joins the mount to a start, which then owns what it keeps.
func (n netnsMount) Resolve(att *attempt) {
	n.deferredEvent.Resolve(att)
	att.network.work(n.e.Began(), n.e.Time)
	att.origin.joins.Own(att, n.e.Time, join.Path(n.e.MntNS, n.e.ResolvedTarget()), join.Netns(n.ns))
}

// boundNetns returns the network namespace that a bind mount keeps, as engines do
// under /run/netns: one that a thread of the engine has created, or that of a
// known process. It returns 0 for the one that the engine itself is in, which
// belongs to no start.
func (a *Assembler) boundNetns(p *process, e *event.Event) uint32 {
	if e.SourceNS != 0 && e.SourceNS != p.originNetNS {
		return e.SourceNS
	}
	rest, ok := strings.CutPrefix(e.Source, "/proc/")
	if !ok || e.Nested != 0 { // a pid of another pid namespace
		return 0
	}
	number, ok := strings.CutSuffix(rest, "/ns/net")
	pid, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	if p := a.processes.byPID[pid]; p != nil {
		return p.ns.Net
	}
	return a.exits.netnsOf(pid, e.Began())
}

// isDeferredMount reports whether w is a mount. An unmount undoes it before a
// start has used it: docker create mounts and unmounts the rootfs.
func isDeferredMount(w join.Waiter[*attempt]) bool {
	switch m := w.(type) {
	case deferredEvent:
		return m.e.AttachesMount()
	case netnsMount:
		return true
	}
	return false
}

// containerKeys returns the keys of the elements of a path that may be a
// container's id: 64 hexadecimal digits. Layers and networks look the same, but no
// start owns them.
func containerKeys(p string) []join.Key {
	var keys []join.Key
	for element := range strings.SplitSeq(p, "/") {
		if engine.IsID(element) {
			keys = append(keys, join.Container(element))
		}
	}
	return keys
}

// applyEngineMount adds a mount by an engine to its start. The rootfs mount is the
// first thing done for a start.
func (a *Assembler) applyEngineMount(att *attempt, e *event.Event) {
	att.counts.EngineMounts++
	if att.bundle == nil || att.isRootfs(e) {
		att.keepEngineMount(e)
	}
	if att.isRootfs(e) {
		att.extendBegin(e.Began())
	}
}

// keepEngineMount keeps a mount that may be that of the rootfs.
func (att *attempt) keepEngineMount(e *event.Event) {
	if len(att.engineMounts) >= maxEngineMounts || !att.share.keep(e.Size()) {
		att.timeline.overflowed = true
		return
	}
	att.engineMounts = append(att.engineMounts, e)
}

// isRootfs reports whether a mount is the one that the bundle names as its root.
func (att *attempt) isRootfs(e *event.Event) bool {
	return att.bundle != nil && path.Clean(e.ResolvedTarget()) == path.Clean(att.bundle.Root)
}

// initMount handles a call of the container's init.
func (att *attempt) initMount(e *event.Event) {
	att.closeHooksPhase(e.Began())
	att.failure.progress()
	if e.Ret < 0 && !att.isMissingMaskedPath(e) {
		att.failure.cause = failureCause{kind: start.ErrorMount, text: fmt.Sprintf("%s %s: %s", e.Kind, e.ResolvedTarget(), errno(e.Ret))}
	}
	switch {
	case e.AttachesMount():
		att.beginPhase(start.PhaseRootfs, e.Began())
		att.counts.Mounts++
		att.addOperation(start.OpMount, e.Began(), e.Time, mountAttributes(e))
	case e.Kind == event.KindPivotRoot && e.Ret == 0, e.Kind == event.KindChroot && e.Ret == 0 && !att.pivoted:
		att.pivot(e)
	}
}

// isMissingMaskedPath reports whether a failed call was to hide a path in the new
// root that does not exist: runtimes ignore that.
func (att *attempt) isMissingMaskedPath(e *event.Event) bool {
	return att.pivoted && syscall.Errno(-e.Ret) == syscall.ENOENT
}

// pivot records the moment at which the new root is in place: after pivot_root,
// or after the chroot that follows a mount with MS_MOVE.
func (att *attempt) pivot(e *event.Event) {
	att.pivoted = true
	if !att.marks.has(start.PhaseHooks) {
		att.beginPhase(start.PhaseInit, e.Time)
	}
	att.addOperation(start.OpPivotRoot, e.Began(), e.Time, nil)
}

// mountAttributes returns the attributes of a mount.
func mountAttributes(e *event.Event) map[string]string {
	m := attributes(start.AttrTarget, e.ResolvedTarget(), start.AttrSource, e.Source, start.AttrType, e.FSType)
	if e.Ret < 0 {
		m[start.AttrError] = errno(e.Ret)
	}
	return m
}
