package collector

import (
	"cmp"
	"slices"
	"strconv"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// idMaps are the mounts that a shim maps to the ids of the container's user namespace,
// one for each layer: containerd opens a copy of the layer's tree, sets the map, and
// attaches it for as long as it takes to mount the rootfs.
type idMaps struct {
	op     *operation
	opened int64 // when the last tree began to be opened
	set    bool  // the map of a tree is set that is not attached
	count  int
}

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
	att.mapIDs(e)
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

// mapIDs adds a call that maps ids to the operation that is all of them.
func (att *attempt) mapIDs(e *event.Event) {
	m := &att.idMaps
	switch {
	case e.Ret < 0:
	case e.Kind == event.KindOpenTree:
		m.opened = e.Began()
	case e.Kind == event.KindMountSetattr:
		m.set = true
		m.count++
		if m.op == nil {
			m.op = att.addOperation(start.OpIDMap, cmp.Or(m.opened, e.Began()), e.Time, map[string]string{})
		}
		m.op.attributes[start.AttrCount] = strconv.Itoa(m.count)
	case e.Kind == event.KindMoveMount && m.set:
		m.set = false
		m.op.end = e.Time
	}
}
