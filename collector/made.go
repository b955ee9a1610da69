package collector

import (
	"path"
	"strings"
)

// made are the types of the namespaces that were made for the start.
func (t *attempt) made() []string {
	var list []string
	for _, n := range namespaceTypes {
		if t.unshared&n.flag != 0 {
			list = append(list, n.name)
		}
	}
	return list
}

// cgroupOf is the container's cgroup.
func (t *attempt) cgroupOf() *Cgroup {
	if t.cgroupPath == "" {
		return nil
	}
	c := &Cgroup{Path: bounded(t.cgroupPath)}
	switch {
	case t.cgroupV1 && !t.cgroupV2:
		c.Version = 1
	case t.cgroupV2 && !t.cgroupV1:
		c.Version = 2
	}
	return c
}

// rootfs is what the bundle names as its root, as the engine has mounted it.
func (t *attempt) rootfs() *Rootfs {
	if t.bundle == nil || t.bundle.Root == "" {
		return nil
	}
	r := &Rootfs{Path: bounded(path.Clean(t.bundle.Root))}
	for _, e := range t.engineMounts {
		if t.isRootfs(e) {
			r.Type, r.Layers = bounded(e.FSType), layers(e)
		}
	}
	return r
}

// maxOptions is the length at which mount options are cut: the kernel takes a
// page of them.
const maxOptions = 4095

// layers counts the lower directories among an overlay's mount options; 0
// where they are not all there.
func layers(e *Event) int {
	if e.FSType != "overlay" || len(e.Data) >= maxOptions {
		return 0
	}
	for option := range strings.SplitSeq(e.Data, ",") {
		if lower, ok := strings.CutPrefix(option, "lowerdir="); ok {
			return strings.Count(lower, ":") + 1
		}
	}
	return 0
}

// lineage are the processes that the start came down.
func (t *attempt) lineage() []Ancestor {
	var list []Ancestor
	add := func(role string, a Ancestor) {
		if a.PID != 0 {
			a.Role = role
			list = append(list, a)
		}
	}
	if t.shim != nil {
		add("engine", t.shim.launcher.forker)
	}
	if t.create != nil {
		if t.shim != nil {
			add("shim", t.create.process.forker)
		}
		add("runtime", t.create.process.ancestor(""))
	}
	if t.init != nil {
		add("init", t.init.ancestor(""))
	}
	return list
}
