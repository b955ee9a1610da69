package bpf

import "runtime"

// probe is a kernel probe: the plans to attach it, the best first.
type probe struct {
	name   string
	plans  []attachPlan
	module string // that may contain its functions
	core   bool   // no start can be reported without it
	call   bool   // it is a system call: a kernel that does not have it makes no events of it
	impact string
}

// attachPlan is a mechanism and the points that it attaches, in that order.
type attachPlan struct {
	mechanism string
	points    []attachPoint
}

// attachPoint is a program and where it is attached.
type attachPoint struct {
	kind    string // fentry, fexit, kprobe, kretprobe, tracepoint, tp_btf or iter
	at      string // a function or a tracepoint
	program string // of the object
}

// String returns the point as in ProbeStatus.Points.
func (p attachPoint) String() string { return p.kind + ":" + p.at }

func rawTracepoint(name, impact string, core bool) probe {
	return probe{name: name, impact: impact, core: core,
		plans: []attachPlan{{mechanismBTF, []attachPoint{{"tp_btf", name, name}}}}}
}

// systemCall probes the function of a system call, or its tracepoints. The exit
// is attached first: a call whose entry is seen is then also seen to return.
func systemCall(name, exit, impact string) probe {
	p := function(name, syscallFunction(name), exit, impact)
	p.call = true
	p.plans = append(p.plans, attachPlan{MechanismTracepoint, []attachPoint{
		{"tracepoint", "syscalls/sys_exit_" + name, "tp_" + exit + "_exit"},
		{"tracepoint", "syscalls/sys_enter_" + name, "tp_" + name},
	}})
	return p
}

// function probes the entry of a kernel function with the programs for name, and
// its exit with the programs for exit, if that is not empty.
func function(name, function, exit, impact string) probe {
	fentry := attachPlan{mechanism: MechanismFentry}
	kprobe := attachPlan{mechanism: MechanismKprobe}
	if exit != "" {
		fentry.points = append(fentry.points, attachPoint{"fexit", function, "fexit_" + exit})
		kprobe.points = append(kprobe.points, attachPoint{"kretprobe", function, "kretprobe_" + exit})
	}
	fentry.points = append(fentry.points, attachPoint{"fentry", function, "fentry_" + name})
	kprobe.points = append(kprobe.points, attachPoint{"kprobe", function, "kprobe_" + name})
	return probe{name: name, plans: []attachPlan{fentry, kprobe}, impact: impact}
}

// syscallFunction returns the kernel function of a system call, whose only
// argument is the registers (CONFIG_ARCH_HAS_SYSCALL_WRAPPER).
func syscallFunction(name string) string {
	if runtime.GOARCH == "arm64" {
		return "__arm64_sys_" + name
	}
	return "__x64_sys_" + name
}

// clone probes the kernel's function for new namespaces. The system calls clone
// and clone3, which every fork uses, are only its last plan.
func clone() probe {
	p := function("create_new_namespaces", "create_new_namespaces", "",
		"how long clone took to create namespaces")
	p.name = "clone"
	p.plans = append(p.plans, attachPlan{MechanismTracepoint, []attachPoint{
		{"tracepoint", "syscalls/sys_enter_clone", "tp_clone"},
		{"tracepoint", "syscalls/sys_enter_clone3", "tp_clone3"},
	}})
	return p
}

// rtnetlink probes the function that handles requests, or the system calls that
// can send one.
func rtnetlink() probe {
	p := function("rtnetlink_rcv_msg", "rtnetlink_rcv_msg", "rtnetlink_rcv_msg",
		"which process creates veths and assigns their addresses")
	p.name = "rtnetlink"
	p.plans = append(p.plans, attachPlan{MechanismTracepoint, []attachPoint{
		{"tracepoint", "syscalls/sys_exit_sendto", "tp_send_exit"},
		{"tracepoint", "syscalls/sys_exit_sendmsg", "tp_send_exit"},
		{"tracepoint", "syscalls/sys_enter_sendto", "tp_sendto"},
		{"tracepoint", "syscalls/sys_enter_sendmsg", "tp_sendmsg"},
	}})
	return p
}

// listen probes only the exit of listen(2).
func listen() probe {
	f := syscallFunction("listen")
	return probe{name: "listen", call: true, impact: "container_start_ready_seconds", plans: []attachPlan{
		{MechanismFentry, []attachPoint{{"fexit", f, "fexit_listen"}}},
		{MechanismKprobe, []attachPoint{{"kretprobe", f, "kretprobe_listen"}}},
		{MechanismTracepoint, []attachPoint{{"tracepoint", "syscalls/sys_exit_listen", "tp_listen_exit"}}},
	}}
}

func veth(name, impact string) probe {
	p := function(name, name, name, impact)
	p.module = "veth"
	return p
}

// probes is the table of all probes.
var probes = []probe{
	rawTracepoint(probesProgTaskNewtask, "processes, and namespaces created by clone", true),
	rawTracepoint(probesProgSchedProcessExec, "everything: nothing is recognised without it", true),
	rawTracepoint(probesProgSchedProcessExit, "exits of processes, failed starts", true),
	rawTracepoint(probesProgTaskRename, "the stages of runc's and youki's init", false),
	rawTracepoint(probesProgCgroupMkdir, "the cgroup phase", false),
	rawTracepoint(probesProgCgroupAttachTask, "the cgroup phase, cgroup operations", false),
	rawTracepoint(probesProgCgroupRmdir, "removed cgroups", false),

	systemCall("execve", "exec", "programs that could not be executed"),
	systemCall("execveat", "exec", "programs that could not be executed"),

	clone(),
	systemCall("unshare", "namespace", "namespaces created by unshare: the namespaces phase of runc"),
	systemCall("setns", "namespace", "joined namespaces"),
	function("copy_net_ns", "copy_net_ns", "copy_net_ns", "the time to create a network namespace, apart from the other namespaces of the same call"),

	systemCall("mount", "mount", "mounts: the rootfs phase"),
	systemCall("umount", "mount", "unmounts: which rootfs mount remains"),
	systemCall("pivot_root", "pathless", "the init phase"),
	systemCall("chroot", "mount", "the init phase without pivot_root"),
	systemCall("open_tree", "mount", "the new mount API"),
	systemCall("open_tree_attr", "mount", "the new mount API: trees opened with attributes"),
	systemCall("move_mount", "mount", "mounts by the new mount API"),
	systemCall("fsopen", "pathless", "the new mount API"),
	systemCall("fsconfig", "pathless", "the new mount API"),
	systemCall("fsmount", "pathless", "the new mount API"),
	systemCall("mount_setattr", "mount", "id-mapped mounts"),

	rtnetlink(),
	veth("veth_newlink", "veths in all network namespaces, the time to create one and the wait for the RTNL lock"),
	veth("veth_dellink", "deleted veths in all network namespaces"),

	listen(),
}

// Names returns the names of all probes: those of the Status of any Probes.
func Names() []string {
	names := []string{linkNotifications, running.at}
	for _, p := range probes {
		names = append(names, p.name)
	}
	return names
}

// linkNotifications are the kernel's notifications of new and removed interfaces.
const linkNotifications = "RTNLGRP_LINK"

// running iterates over the processes that started before the exporter.
var running = attachPoint{"iter", "task", probesProgRunning}
