package collector

import "fmt"

// Kind says what happened. Kinds that stand for a system call carry its name.
type Kind string

// What the kernel shows.
const (
	KindFork         Kind = "fork"          // a process (never a thread) was made: clone, clone3, fork, vfork
	KindExec         Kind = "exec"          // a program was executed, or, with ret < 0, was not
	KindExit         Kind = "exit"          // the last thread of a process is gone
	KindRename       Kind = "rename"        // a process gave itself another name: prctl(PR_SET_NAME)
	KindUnshare      Kind = "unshare"       // new namespaces for the caller
	KindSetns        Kind = "setns"         // the caller joined namespaces: nothing is created
	KindMount        Kind = "mount"         // mount(2)
	KindUmount       Kind = "umount"        // umount2(2)
	KindPivotRoot    Kind = "pivot_root"    // pivot_root(2)
	KindChroot       Kind = "chroot"        // chroot(2)
	KindOpenTree     Kind = "open_tree"     // open_tree(2)
	KindMoveMount    Kind = "move_mount"    // move_mount(2)
	KindFsopen       Kind = "fsopen"        // fsopen(2)
	KindFsconfig     Kind = "fsconfig"      // fsconfig(2)
	KindFsmount      Kind = "fsmount"       // fsmount(2)
	KindMountSetattr Kind = "mount_setattr" // mount_setattr(2)
	KindCgroupMkdir  Kind = "cgroup_mkdir"  // a cgroup was made, in one hierarchy
	KindCgroupAttach Kind = "cgroup_attach" // a process was moved into a cgroup, in one hierarchy
	KindCgroupRmdir  Kind = "cgroup_rmdir"  // a cgroup was removed, in one hierarchy
	KindNetlink      Kind = "netlink"       // a process asked rtnetlink for something: tells who
	KindLink         Kind = "link"          // rtnetlink's notification: tells name and index
	KindVethNewlink  Kind = "veth_newlink"  // a pair of veth was made, by whomever, in any network namespace
	KindVethDellink  Kind = "veth_dellink"  // a pair of veth was deleted
	KindListen       Kind = "listen"        // listen(2) in the mount namespace of a container that has started
)

// What the exporter adds to the kernel's events, so that a recording is whole
// and the assembler needs no file and no clock.
const (
	KindClock   Kind = "clock"   // the wall clock at a moment of the boot clock
	KindLost    Kind = "lost"    // events that the kernel side had to drop
	KindProcess Kind = "process" // a process that ran already when the probes were attached
	KindBundle  Kind = "bundle"  // what the config.json of a bundle says
)

// AllKinds lists every kind of event, in the order of the constants. What
// handles events by their kind (the decoder, the assembler, the table of
// `events`, the documentation) is tested against it.
var AllKinds = []Kind{
	KindFork, KindExec, KindExit, KindRename, KindUnshare, KindSetns,
	KindMount, KindUmount, KindPivotRoot, KindChroot, KindOpenTree, KindMoveMount,
	KindFsopen, KindFsconfig, KindFsmount, KindMountSetattr,
	KindCgroupMkdir, KindCgroupAttach, KindCgroupRmdir,
	KindNetlink, KindLink, KindVethNewlink, KindVethDellink, KindListen,
	KindClock, KindLost, KindProcess, KindBundle,
}

// Event is one thing that happened on the host. Its JSON form, one object per
// line, is what `events --format json` writes and `replay` reads; a field that
// does not apply or is not known is absent (and zero here). Every string comes
// from a process on the host and is hostile input.
type Event struct {
	// Time is when it was complete, in nanoseconds of CLOCK_BOOTTIME.
	Time int64 `json:"time"`
	Kind Kind  `json:"kind"`

	// PID is the process (thread group) that did it, in the initial pid
	// namespace; TID the thread, where it is not the leader.
	PID int `json:"pid,omitempty"`
	TID int `json:"tid,omitempty"`
	// Born is when that process was made (CLOCK_BOOTTIME, ns). (PID, Born)
	// is a process; a pid alone is reused.
	Born int64 `json:"born,omitempty"`
	// Comm is the thread's name, at most 15 bytes.
	Comm string `json:"comm,omitempty"`
	// MntNS and NetNS are the inode numbers of the thread's mount and network
	// namespaces when it was done.
	MntNS uint32 `json:"mnt_ns,omitempty"`
	NetNS uint32 `json:"net_ns,omitempty"`

	// Cost is what the thread has cost so far; of an exec and an exit, all
	// threads of the process, those that have ended included.
	Cost *Cost `json:"cost,omitempty"`

	// Duration is how long the call took, in nanoseconds: it began at
	// Time-Duration. Of a fork, only where it made namespaces.
	Duration int64 `json:"duration,omitempty"`
	// Ret is what the call returned: a negative errno, a file descriptor, 0.
	Ret int64 `json:"ret,omitempty"`
	// Flags are those of the call: CLONE_* of fork, unshare and setns, MS_*
	// of mount, and so on.
	Flags uint64 `json:"flags,omitempty"`

	// Child is the process that a fork made or a cgroup_attach moved, and
	// ChildBorn when it was made. Parent is the child's real parent: with
	// CLONE_PARENT not the process that forked.
	Child     int   `json:"child,omitempty"`
	ChildBorn int64 `json:"child_born,omitempty"`
	Parent    int   `json:"parent,omitempty"`

	// Namespaces are those that the child (fork) or the caller (unshare,
	// setns, process) is in afterwards; of a fork, only where it made some.
	Namespaces *Namespaces `json:"namespaces,omitempty"`

	// NetnsBegan and NetnsDuration are the making of the network namespace
	// alone (fork, unshare): the kernel's copy_net_ns.
	NetnsBegan    int64 `json:"netns_began,omitempty"`
	NetnsDuration int64 `json:"netns_duration,omitempty"`

	// File is the path given to exec, or the executable of a process.
	File string `json:"file,omitempty"`
	// Args are the arguments, as executed. Env holds only the variables that
	// identify a start (CNI_*, TRACEPARENT, _LIBCONTAINER_INITTYPE, ...).
	// Truncated says that some did not fit.
	Args      []string `json:"args,omitempty"`
	Env       []string `json:"env,omitempty"`
	Truncated bool     `json:"truncated,omitempty"`
	// Last says that nothing more is told of the process, not even its exit:
	// what it has executed is a container's workload.
	Last bool `json:"last,omitempty"`

	// Status is the wait status of an exit: code<<8, or the signal.
	Status int `json:"status,omitempty"`
	// Name is the new name (rename), an interface's name (netlink, link) or
	// fsconfig's key.
	Name string `json:"name,omitempty"`

	// Source, Target, FSType and Data are the arguments of the mount calls, as
	// the process gave them. RealTarget is what Target meant where it is
	// /proc/.../fd/N or relative: the path in the caller's mount namespace.
	// SourceNS is the inode of the namespace that Source stands for.
	Source     string `json:"source,omitempty"`
	Target     string `json:"target,omitempty"`
	RealTarget string `json:"real_target,omitempty"`
	FSType     string `json:"fs_type,omitempty"`
	Data       string `json:"data,omitempty"`
	SourceNS   uint32 `json:"source_ns,omitempty"`
	// NewMntNS says that a mount namespace was asked for (open_tree, fsmount).
	NewMntNS bool `json:"new_mnt_ns,omitempty"`

	// Path is a cgroup's path in its hierarchy, or the bundle's directory.
	// Hierarchy is the cgroup hierarchy: 0 is cgroup v2.
	Path      string `json:"path,omitempty"`
	Hierarchy int    `json:"hierarchy,omitempty"`

	// Message is the rtnetlink message (RTM_NEWLINK, ...) of a netlink or link.
	Message string `json:"message,omitempty"`
	// LinkNS is the inode of the network namespace that the interface is in:
	// that of the socket on which was asked (netlink) or listened (link).
	LinkNS uint32 `json:"link_ns,omitempty"`
	// Index is the interface's; PeerIndex its veth peer's, where that is in
	// the same namespace; LinkType its kind (veth, bridge, ...).
	Index     int    `json:"index,omitempty"`
	PeerIndex int    `json:"peer_index,omitempty"`
	PeerName  string `json:"peer_name,omitempty"`
	LinkType  string `json:"link_type,omitempty"`
	// TargetNS is the network namespace that an interface is moved to, or that
	// the peer of a new veth is made in (netlink), resolved from the descriptor
	// in the message, or that the peer is in (veth_newlink). Moved says that a
	// RTM_DELLINK means a move, not a deletion.
	TargetNS uint32 `json:"target_ns,omitempty"`
	Moved    bool   `json:"moved,omitempty"`
	// Waited is how long the request for a veth took until the pair began to be
	// made (veth_newlink): the wait for the RTNL lock, but for microseconds.
	Waited int64 `json:"waited,omitempty"`
	// Address is what RTM_NEWADDR assigns, as address/prefix.
	Address string `json:"address,omitempty"`

	// Wall is the wall clock at Time, in nanoseconds since 1970 (clock).
	Wall int64 `json:"wall,omitempty"`
	// Lost is how many events of kind What were dropped since the last such
	// event (lost); Since is when that was.
	Lost  uint64 `json:"lost,omitempty"`
	What  string `json:"what,omitempty"`
	Since int64  `json:"since,omitempty"`

	// Bundle is what the bundle in Path says (bundle).
	Bundle *Bundle `json:"bundle,omitempty"`
}

// Began is when it began: Time less Duration.
func (e *Event) Began() int64 { return e.Time - e.Duration }

// The bounds of what Check accepts: CLOCK_BOOTTIME begins at 0, and within these
// no sum of two times overflows.
const (
	maxBootTime = int64(1) << 61 // 73 years
	maxWallTime = int64(1) << 62 // the year 2116
)

// Check returns an error if the event's times are impossible: a boot time that is
// not after 0, or a duration that is negative or began before the boot.
func (e *Event) Check() error {
	if e.Time <= 0 || e.Time > maxBootTime {
		return fmt.Errorf("time %d: is not a time after the boot", e.Time)
	}
	for _, d := range []struct {
		name string
		ns   int64
	}{
		{"duration", e.Duration}, {"born", e.Born}, {"child_born", e.ChildBorn}, {"since", e.Since}, {"waited", e.Waited},
		{"netns_began", e.NetnsBegan}, {"netns_duration", e.NetnsDuration},
	} {
		if d.ns < 0 || d.ns > e.Time {
			return fmt.Errorf("%s %d: is not between the boot and the time of the event, %d", d.name, d.ns, e.Time)
		}
	}
	if e.NetnsBegan+e.NetnsDuration > e.Time {
		return fmt.Errorf("netns_duration %d: ends after the event, at %d", e.NetnsDuration, e.NetnsBegan+e.NetnsDuration)
	}
	if e.Wall < 0 || e.Wall > maxWallTime {
		return fmt.Errorf("wall %d: is not a time between 1970 and 2116", e.Wall)
	}
	return nil
}

// Namespaces are the inode numbers of a set of namespaces, as in
// /proc/PID/ns; 0 is unknown.
type Namespaces struct {
	Mnt    uint32 `json:"mnt,omitempty"`
	UTS    uint32 `json:"uts,omitempty"`
	IPC    uint32 `json:"ipc,omitempty"`
	PID    uint32 `json:"pid,omitempty"` // pid_for_children
	Net    uint32 `json:"net,omitempty"`
	Cgroup uint32 `json:"cgroup,omitempty"`
	User   uint32 `json:"user,omitempty"`
	Time   uint32 `json:"time,omitempty"` // time_for_children
}

// Bundle is the part of a bundle's config.json that a start is joined and
// described by (OCI runtime specification, config.md).
type Bundle struct {
	Root        string            `json:"root,omitempty"`         // root.path, absolute
	Name        string            `json:"name,omitempty"`         // the container's, as its engine names it
	Image       string            `json:"image,omitempty"`        // the image's name, as its engine names it
	CgroupsPath string            `json:"cgroups_path,omitempty"` // linux.cgroupsPath
	NetnsPath   string            `json:"netns_path,omitempty"`   // the path of the network namespace to join
	Hooks       []Hook            `json:"hooks,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"` // only those that identify
	Security    *Security         `json:"security,omitempty"`
}

// Hook is one OCI hook of a bundle.
type Hook struct {
	Kind string `json:"kind"` // prestart, createRuntime, createContainer, startContainer, poststart, poststop
	Path string `json:"path"`
	// Args are the hook's arguments, args[0] included.
	Args []string `json:"args,omitempty"`
}
