package collector

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// createdNamespaces returns the types of the namespaces that were created for the
// start.
func (att *attempt) createdNamespaces() []string {
	var list []string
	flags := att.createdFlags
	if att.init != nil {
		if !att.createdUsers.mayHave(att.init.ns.User) {
			flags &^= unix.CLONE_NEWUSER
		}
		flags |= att.pinned.joinedBy(att.init.ns)
	}
	for _, n := range namespaceTypes {
		if flags&n.flag != 0 {
			list = append(list, n.name)
		}
	}
	return list
}

// rootfs returns the root that the bundle names, as the engine has mounted it; nil
// if it is not known.
func (att *attempt) rootfs() *start.Rootfs {
	if att.bundle == nil || att.bundle.Root == "" {
		return nil
	}
	r := &start.Rootfs{Path: bounded(path.Clean(att.bundle.Root))}
	for _, e := range att.engineMounts {
		if att.isRootfs(e) {
			r.Type, r.Layers = bounded(e.FSType), layers(e)
		}
	}
	return r
}

// maxOptions is the length at which mount options are cut: the kernel copies one
// page of them (copy_mount_options).
const maxOptions = 4095

// layers returns the number of lower directories in an overlay's mount options; 0
// if there are none or the options were cut.
func layers(e *event.Event) int {
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

// lineage returns the processes that the start went through, from the engine to
// the init.
func (att *attempt) lineage() []start.Ancestor {
	var list []start.Ancestor
	add := func(role string, a start.Ancestor) {
		if a.PID != 0 {
			a.Role = role
			list = append(list, a)
		}
	}
	if att.shim != nil {
		add("engine", att.shim.launcher.forkedBy)
	}
	if att.create != nil {
		if att.shim != nil {
			add("shim", att.create.process.forkedBy)
		}
		add("runtime", att.create.process.ancestor(""))
	}
	if att.init != nil {
		add("init", att.init.ancestor(""))
	}
	return list
}
