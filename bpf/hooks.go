package bpf

import "runtime"

// Hook is a place in the kernel that events come from, and whether they do.
type Hook struct {
	Name      string   // what is hooked: a tracepoint, a system call, a function, ...
	Mechanism string   // tp_btf, fentry, kprobe, tracepoint, iter or netlink
	Points    []string // where its programs are: fentry:__x64_sys_mount, ...
	Attached  bool
	Waiting   bool   // for its module to be loaded: it is attached then
	Err       error  // why it is not attached
	Feeds     string // what is missing without it
}

// The mechanisms. Of fentry, kprobe and tracepoint a hook has the first that
// the kernel takes: see c/entry.h.
const (
	MechanismAuto       = "auto"
	MechanismFentry     = "fentry"
	MechanismKprobe     = "kprobe"
	MechanismTracepoint = "tracepoint"

	mechanismBTF      = "tp_btf"
	mechanismIterator = "iter"
	mechanismNetlink  = "netlink"
)

// Mechanisms are what Options.Mechanism may be.
var Mechanisms = []string{MechanismAuto, MechanismFentry, MechanismKprobe, MechanismTracepoint}

// probe is a hook and the ways to it, the best first.
type probe struct {
	name   string
	ways   []way
	module string // that its functions may be in
	core   bool   // nothing can be told without it
	feeds  string
}

// way is a mechanism and what is attached by it, in that order.
type way struct {
	mechanism string
	points    []point
}

// point is a program and where it is attached, as Hook.Points tells.
type point struct {
	kind    string // fentry, fexit, kprobe, kretprobe, tracepoint, tp_btf or iter
	at      string // a function or a tracepoint
	program string // of the object
}

func (p point) String() string { return p.kind + ":" + p.at }

func rawTracepoint(name, feeds string, core bool) probe {
	return probe{name: name, feeds: feeds, core: core,
		ways: []way{{mechanismBTF, []point{{"tp_btf", name, name}}}}}
}

// systemCall hooks the function of a system call, or its tracepoints. The exit
// comes first: a call that is seen to begin is then seen to end.
func systemCall(name, exit, feeds string) probe {
	p := function(name, syscallFunction(name), exit, feeds)
	p.ways = append(p.ways, way{MechanismTracepoint, []point{
		{"tracepoint", "syscalls/sys_exit_" + name, "tp_" + exit + "_exit"},
		{"tracepoint", "syscalls/sys_enter_" + name, "tp_" + name},
	}})
	return p
}

// function hooks a function of the kernel, and its exit by the programs for
// that, unless there are none.
func function(name, function, exit, feeds string) probe {
	fentry := way{mechanism: MechanismFentry}
	kprobe := way{mechanism: MechanismKprobe}
	if exit != "" {
		fentry.points = append(fentry.points, point{"fexit", function, "fexit_" + exit})
		kprobe.points = append(kprobe.points, point{"kretprobe", function, "kretprobe_" + exit})
	}
	fentry.points = append(fentry.points, point{"fentry", function, "fentry_" + name})
	kprobe.points = append(kprobe.points, point{"kprobe", function, "kprobe_" + name})
	return probe{name: name, ways: []way{fentry, kprobe}, feeds: feeds}
}

// syscallFunction is the function of a system call in the kernel: one with the
// registers as its only argument (CONFIG_ARCH_HAS_SYSCALL_WRAPPER).
func syscallFunction(name string) string {
	if runtime.GOARCH == "arm64" {
		return "__arm64_sys_" + name
	}
	return "__x64_sys_" + name
}

// clone's system call is every fork's: where it can be, the kernel's function
// for new namespaces is hooked instead.
func clone() probe {
	p := function("create_new_namespaces", "create_new_namespaces", "",
		"how long it took to make namespaces by clone")
	p.name = "clone"
	p.ways = append(p.ways, way{MechanismTracepoint, []point{
		{"tracepoint", "syscalls/sys_enter_clone", "tp_clone"},
		{"tracepoint", "syscalls/sys_enter_clone3", "tp_clone3"},
	}})
	return p
}

// rtnetlink hooks what handles requests, or what any of them may be sent with.
func rtnetlink() probe {
	p := function("rtnetlink_rcv_msg", "rtnetlink_rcv_msg", "rtnetlink_rcv_msg",
		"who makes veths and gives them addresses")
	p.name = "rtnetlink"
	p.ways = append(p.ways, way{MechanismTracepoint, []point{
		{"tracepoint", "syscalls/sys_exit_sendto", "tp_send_exit"},
		{"tracepoint", "syscalls/sys_exit_sendmsg", "tp_send_exit"},
		{"tracepoint", "syscalls/sys_enter_sendto", "tp_sendto"},
		{"tracepoint", "syscalls/sys_enter_sendmsg", "tp_sendmsg"},
	}})
	return p
}

// listen is hooked where it returns.
func listen() probe {
	f := syscallFunction("listen")
	return probe{name: "listen", feeds: "container_start_ready_seconds", ways: []way{
		{MechanismFentry, []point{{"fexit", f, "fexit_listen"}}},
		{MechanismKprobe, []point{{"kretprobe", f, "kretprobe_listen"}}},
		{MechanismTracepoint, []point{{"tracepoint", "syscalls/sys_exit_listen", "tp_listen_exit"}}},
	}}
}

func veth(name, feeds string) probe {
	p := function(name, name, name, feeds)
	p.module = "veth"
	return p
}

// probes is the table of all hooks.
var probes = []probe{
	rawTracepoint(probesProgTaskNewtask, "processes, and namespaces made by clone", true),
	rawTracepoint(probesProgSchedProcessExec, "everything: nothing is recognised without it", true),
	rawTracepoint(probesProgSchedProcessExit, "ends of processes, failed starts", true),
	rawTracepoint(probesProgTaskRename, "the stages of runc's and youki's init", false),
	rawTracepoint(probesProgCgroupMkdir, "the cgroup phase", false),
	rawTracepoint(probesProgCgroupAttachTask, "the cgroup phase, cgroup operations", false),
	rawTracepoint(probesProgCgroupRmdir, "removed cgroups", false),

	systemCall("execve", "exec", "programs that could not be executed"),
	systemCall("execveat", "exec", "programs that could not be executed"),

	clone(),
	systemCall("unshare", "namespace", "namespaces made by unshare: the namespaces phase of runc"),
	systemCall("setns", "namespace", "joined namespaces"),
	function("copy_net_ns", "copy_net_ns", "copy_net_ns", "the time to make a network namespace alone, without the other namespaces of its call"),

	systemCall("mount", "mount", "mounts: the rootfs phase"),
	systemCall("umount", "mount", "unmounts: which rootfs mount stays"),
	systemCall("pivot_root", "pathless", "the init phase"),
	systemCall("chroot", "mount", "the init phase without pivot_root"),
	systemCall("open_tree", "mount", "the new mount API"),
	systemCall("open_tree_attr", "mount", "the new mount API, where a tree is opened with attributes"),
	systemCall("move_mount", "mount", "mounts by the new mount API"),
	systemCall("fsopen", "pathless", "the new mount API"),
	systemCall("fsconfig", "pathless", "the new mount API"),
	systemCall("fsmount", "pathless", "the new mount API"),
	systemCall("mount_setattr", "mount", "id-mapped mounts"),

	rtnetlink(),
	veth("veth_newlink", "veths in all network namespaces, the time to make one and the wait for the RTNL lock"),
	veth("veth_dellink", "deleted veths in all network namespaces"),

	listen(),
}

// running finds what runs already.
var running = point{"iter", "task", probesProgRunning}
