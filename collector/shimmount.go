package collector

import (
	"slices"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// shimMount handles a call by the shim of a start in progress that has not executed the
// runtime yet: what it mounts is for that start, whatever the path. Later it mounts for
// the other containers of its pod, even while the entrypoint of the first waits for a CPU.
func (a *Assembler) shimMount(att *attempt, e *event.Event) disposition {
	switch {
	case e.Kind == event.KindUmount && e.Ret == 0:
		att.forgetEngineMount(e)
	case e.AttachesMount():
		a.applyEngineMount(att, e)
	}
	if att.idMaps.add(e) {
		att.showIDMaps()
	}
	return joined
}

// forgetEngineMount forgets a mount that is undone before it is known to be the rootfs.
func (att *attempt) forgetEngineMount(umount *event.Event) {
	if att.bundle != nil {
		return
	}
	att.engineMounts = slices.DeleteFunc(att.engineMounts, func(mount *event.Event) bool {
		return mount.ResolvedTarget() == umount.ResolvedTarget()
	})
}

// podMount handles a call by a shim for a further container of its pod. What the rootfs
// consists of is at paths that name no container: it waits with the thread that has made
// it for the rootfs that this thread mounts next.
func (a *Assembler) podMount(p *process, e *event.Event) (d disposition, handled bool) {
	if p.shim.layers.add(e) {
		return joined, true
	}
	if e.Kind == event.KindUmount && e.Ret == 0 {
		p.shim.layers.forget(e)
	}
	if !e.AttachesMount() || e.Ret < 0 {
		return unrelated, false
	}
	maps := p.shim.layers.take(e.TID)
	if maps == nil {
		return unrelated, false
	}
	keys := mountKeys(e)
	m := layeredMount{a.deferred(e, keys), *maps}
	return a.deferJoin(m, m.o, m.size, keys), true
}

// layeredMount is the mount of a rootfs by the shim of a pod, with the layers whose ids
// were mapped for it.
type layeredMount struct {
	deferredEvent
	maps idMaps
}

// Resolve joins the mount and its layers to a start.
func (m layeredMount) Resolve(att *attempt) {
	m.deferredEvent.Resolve(att)
	att.counts.EngineMounts += m.maps.attached
	att.idMaps = m.maps
	att.showIDMaps()
}

// mountKeys returns the keys by which a mount is joined to the start that it is for.
func mountKeys(e *event.Event) []join.Key {
	return append(containerKeys(e.ResolvedTarget()), join.Path(e.MntNS, e.ResolvedTarget()))
}
