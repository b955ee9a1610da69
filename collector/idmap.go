package collector

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strconv"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// maxLayerThreads is how many threads of a shim may map ids at once for rootfs that are
// not mounted yet: a kubelet starts the containers of a pod one by one.
const maxLayerThreads = 8

// idMaps are the mounts that a shim maps to the ids of the container's user namespace, of
// one layer each or of all: containerd opens a copy of a tree, sets the map, and attaches
// it for as long as it takes to mount the rootfs.
type idMaps struct {
	begin, end int64 // of all; 0 if there are none
	opened     int64 // when the last tree began to be opened
	set        bool  // the map of a tree is set that is not attached
	count      int
	attached   int    // of them
	target     uint64 // a hash of the path at which the first was attached: any shim may map ids

	op *operation // that shows them in the start's record
}

// add adds a call, and reports whether it was one that maps ids.
func (m *idMaps) add(e *event.Event) bool {
	switch {
	case e.Ret < 0:
		return false
	case e.Kind == event.KindOpenTree:
		m.opened = e.Began()
		return false
	case e.Kind == event.KindMountSetattr:
		m.set = true
		m.count++
		if m.begin == 0 {
			m.begin = cmp.Or(m.opened, e.Began())
		}
	case e.Kind == event.KindMoveMount && m.set:
		m.set = false
		if m.attached++; m.attached == 1 {
			m.target = hashOf(e.ResolvedTarget())
		}
	default:
		return false
	}
	m.end = e.Time
	return true
}

// pathSeed is what paths are hashed with.
var pathSeed = maphash.MakeSeed()

func hashOf(path string) uint64 { return maphash.String(pathSeed, path) }

// showIDMaps makes the mapped mounts of a start one operation with a count.
func (att *attempt) showIDMaps() {
	m := &att.idMaps
	if m.op == nil {
		m.op = att.addOperation(start.OpIDMap, m.begin, m.end, map[string]string{})
	}
	m.op.end = m.end
	m.op.attributes[start.AttrCount] = strconv.Itoa(m.count)
}

// threadLayers are the layers that the threads of a shim have mapped, each for the rootfs
// that it mounts next.
type threadLayers []threadIDMaps

type threadIDMaps struct {
	tid int
	idMaps
}

// add adds a call by a thread, and reports whether it was one that maps ids.
func (l *threadLayers) add(e *event.Event) bool {
	if e.Kind != event.KindOpenTree && e.Kind != event.KindMountSetattr && e.Kind != event.KindMoveMount {
		return false
	}
	i := l.index(e.TID)
	if i < 0 {
		if len(*l) == maxLayerThreads {
			*l = slices.Delete(*l, 0, 1)
		}
		*l = append(*l, threadIDMaps{tid: e.TID})
		i = len(*l) - 1
	}
	return (*l)[i].add(e)
}

// take removes and returns what a thread has mapped, nil if that is nothing.
func (l *threadLayers) take(tid int) *idMaps {
	i := l.index(tid)
	if i < 0 {
		return nil
	}
	maps := (*l)[i].idMaps
	*l = slices.Delete(*l, i, i+1)
	if maps.count == 0 {
		return nil
	}
	return &maps
}

// forget forgets what was mapped for a rootfs that is not mounted after all: the first of
// it is unmounted.
func (l *threadLayers) forget(umount *event.Event) {
	target := hashOf(umount.ResolvedTarget())
	*l = slices.DeleteFunc(*l, func(m threadIDMaps) bool { return m.attached > 0 && m.target == target })
}

func (l *threadLayers) index(tid int) int {
	return slices.IndexFunc(*l, func(m threadIDMaps) bool { return m.tid == tid })
}
