package bpf

// Hook is a place in the kernel that events come from, and whether they do.
type Hook struct {
	Name      string // of the tracepoint, the system call, the iterator or the netlink group
	Mechanism string // tp_btf, tracepoint, iter, netlink
	Attached  bool
	Err       error  // why it is not attached
	Feeds     string // what is missing without it
}

// The mechanisms.
const (
	mechanismBTF        = "tp_btf"
	mechanismTracepoint = "tracepoint"
	mechanismIterator   = "iter"
	mechanismNetlink    = "netlink"
)

// probe is a hook and the programs for it. A tracepoint probe is a system
// call: enter and exit are the programs for its two tracepoints.
type probe struct {
	name      string
	mechanism string
	program   string // tp_btf, iter
	enter     string // tracepoint; empty where the exit is enough
	exit      string // tracepoint; empty where the entry is enough
	core      bool   // nothing can be told without it
	feeds     string
}

func btf(name, feeds string, core bool) probe {
	return probe{name: name, mechanism: mechanismBTF, program: name, feeds: feeds, core: core}
}

func systemCall(name, enter, exit, feeds string) probe {
	return probe{name: name, mechanism: mechanismTracepoint, enter: enter, exit: exit, feeds: feeds}
}

const (
	mountExit     = probesProgSysMountExit
	namespaceExit = probesProgSysNamespaceExit
	netlinkExit   = probesProgSysNetlinkExit
)

// probes is the table of all hooks.
var probes = []probe{
	btf(probesProgTaskNewtask, "processes, and namespaces made by clone", true),
	btf(probesProgSchedProcessExec, "everything: nothing is recognised without it", true),
	btf(probesProgSchedProcessExit, "ends of processes, failed starts", true),
	btf(probesProgTaskRename, "the stages of runc's and youki's init", false),
	btf(probesProgCgroupMkdir, "the cgroup phase", false),
	btf(probesProgCgroupAttachTask, "the cgroup phase, cgroup operations", false),
	btf(probesProgCgroupRmdir, "removed cgroups", false),

	systemCall("execve", probesProgExecveEnter, probesProgExecExit, "programs that could not be executed"),
	systemCall("execveat", probesProgExecveatEnter, probesProgExecExit, "programs that could not be executed"),

	systemCall("clone", probesProgSysCloneEnter, "", "how long it took to make namespaces by clone"),
	systemCall("clone3", probesProgSysClone3Enter, "", "how long it took to make namespaces by clone3"),
	systemCall("unshare", probesProgSysUnshareEnter, namespaceExit, "namespaces made by unshare: the namespaces phase of runc"),
	systemCall("setns", probesProgSysSetnsEnter, namespaceExit, "joined namespaces"),

	systemCall("mount", probesProgSysMountEnter, mountExit, "mounts: the rootfs phase"),
	systemCall("umount", probesProgSysUmountEnter, mountExit, "unmounts: which rootfs mount stays"),
	systemCall("pivot_root", probesProgSysPivotRootEnter, mountExit, "the init phase"),
	systemCall("chroot", probesProgSysChrootEnter, mountExit, "the init phase without pivot_root"),
	systemCall("open_tree", probesProgSysOpenTreeEnter, mountExit, "the new mount API"),
	systemCall("move_mount", probesProgSysMoveMountEnter, mountExit, "mounts by the new mount API"),
	systemCall("fsopen", probesProgSysFsopenEnter, mountExit, "the new mount API"),
	systemCall("fsconfig", probesProgSysFsconfigEnter, mountExit, "the new mount API"),
	systemCall("fsmount", probesProgSysFsmountEnter, mountExit, "the new mount API"),
	systemCall("mount_setattr", probesProgSysMountSetattrEnter, mountExit, "id-mapped mounts"),

	systemCall("sendto", probesProgSysSendtoEnter, netlinkExit, "who makes veths and gives them addresses"),
	systemCall("sendmsg", probesProgSysSendmsgEnter, netlinkExit, "who makes veths and gives them addresses"),

	systemCall("listen", "", probesProgSysListenExit, "container_start_ready_seconds"),

	// last: what starts to run meanwhile is seen by the hooks above
	{name: "task", mechanism: mechanismIterator, program: probesProgRunning,
		feeds: "engines that ran before the exporter"},
}
