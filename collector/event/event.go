package event

import "fmt"

// FormatVersion is the version of the JSON form of events.
const FormatVersion = 1

// Event is one thing that happened on the host. Its JSON form, one object per
// line, is what `events --format json` writes and `replay` reads; a field that
// does not apply or is not known is absent (and zero here). Every string comes
// from a process on the host and is hostile input.
type Event struct {
	// Time is the boot time at which it was complete (CLOCK_BOOTTIME, ns).
	Time int64 `json:"time"`
	Kind Kind  `json:"kind"`

	// PID is the process (thread group) that did it, in the exporter's pid
	// namespace, absent if it is outside of that; TID is the thread, if that is not
	// the leader.
	PID int `json:"pid,omitempty"`
	TID int `json:"tid,omitempty"`
	// Born is the start time of that process (CLOCK_BOOTTIME, ns). (PID, Born)
	// identifies a process; a pid alone is reused.
	StartTime int64 `json:"born,omitempty"`
	// Comm is the thread's name, at most 15 bytes.
	Comm string `json:"comm,omitempty"`
	// MntNS and NetNS are the inode numbers of the thread's mount and network
	// namespaces at Time.
	MntNS uint32 `json:"mnt_ns,omitempty"`
	NetNS uint32 `json:"net_ns,omitempty"`
	// Nested is absent if the process is the host's. If it is a container's, that is
	// the inode number of its pid namespace (of the outermost one below that of the
	// exporter). What the host's runtimes do in a container is the host's. In a lost
	// event it is whose events were lost: nobody else's.
	Nested uint32 `json:"nested,omitempty"`

	// Cost is what the thread has cost so far; for an exec or an exit, what all
	// threads of the process have cost, those that have ended included.
	Cost *Cost `json:"cost,omitempty"`

	// Duration is how long the call took, in nanoseconds: it began at
	// Time-Duration. A fork has it only if it made namespaces.
	Duration int64 `json:"duration,omitempty"`
	// Ret is what the call returned: a negative errno, a file descriptor, 0.
	Ret int64 `json:"ret,omitempty"`
	// Flags are those of the call: CLONE_* of fork, unshare and setns, MS_*
	// of mount, and so on.
	Flags uint64 `json:"flags,omitempty"`

	// Made is when the cgroup of a cgroup_attach was made, if a process that is not
	// watched made it (systemd, for a runtime): there is no cgroup_mkdir of it. 0 if
	// that is not known. Boot time, ns.
	Made int64 `json:"made,omitempty"`
	// Child is the process that a fork made or a cgroup_attach moved, ChildBorn
	// its start time. Parent is the child's real parent: with CLONE_PARENT, that
	// is not the process that forked.
	Child          int   `json:"child,omitempty"`
	ChildStartTime int64 `json:"child_born,omitempty"`
	Parent         int   `json:"parent,omitempty"`

	// Namespaces are those that the child (fork) or the caller (unshare,
	// setns, process) is in afterwards. A fork has them only if it made some.
	Namespaces *Namespaces `json:"namespaces,omitempty"`

	// NetnsBegan and NetnsDuration time the creation of the network namespace
	// alone (fork, unshare): the kernel's copy_net_ns.
	NetnsBegan    int64 `json:"netns_began,omitempty"`
	NetnsDuration int64 `json:"netns_duration,omitempty"`

	// File is the path given to exec, or the executable of a process.
	File string `json:"file,omitempty"`
	// Exe is the name of the executed file, if that is not the last component of File,
	// which may be a link or a script; at most 31 bytes of it (exec).
	Exe string `json:"exe,omitempty"`
	// Args are the arguments, as executed. Env holds only the variables that
	// identify a start (CNI_*, TRACEPARENT, _LIBCONTAINER_INITTYPE, ...).
	// Truncated means that some did not fit.
	Args      []string `json:"args,omitempty"`
	Env       []string `json:"env,omitempty"`
	Truncated bool     `json:"truncated,omitempty"`
	// Last means that no event of the process follows, not even its exit: it has
	// executed a container's workload.
	Last bool `json:"last,omitempty"`

	// Status is the wait status of an exit: code<<8, or the signal.
	Status int `json:"status,omitempty"`
	// OOM means that the kernel's OOM killer has killed it (exit).
	OOM bool `json:"oom,omitempty"`
	// Name is the new name (rename), an interface's name (netlink, link) or
	// fsconfig's key.
	Name string `json:"name,omitempty"`

	// Source, Target, FSType and Data are the arguments of the mount calls, as
	// the process gave them. If Target is /proc/.../fd/N or relative, RealTarget
	// is the path that it stands for in the caller's mount namespace.
	// SourceNS is the inode number of the namespace that Source stands for.
	Source     string `json:"source,omitempty"`
	Target     string `json:"target,omitempty"`
	RealTarget string `json:"real_target,omitempty"`
	FSType     string `json:"fs_type,omitempty"`
	Data       string `json:"data,omitempty"`
	SourceNS   uint32 `json:"source_ns,omitempty"`
	// NewMntNS means that the call asked for a new mount namespace (open_tree,
	// fsmount).
	NewMntNS bool `json:"new_mnt_ns,omitempty"`

	// Path is a cgroup's path in its hierarchy, or the bundle's directory.
	// Hierarchy is the cgroup hierarchy: 0 is cgroup v2.
	Path      string `json:"path,omitempty"`
	Hierarchy int    `json:"hierarchy,omitempty"`

	// Message is the rtnetlink message (RTM_NEWLINK, ...) of a netlink or link.
	Message string `json:"message,omitempty"`
	// LinkNS is the inode number of the network namespace that the interface is
	// in: that of the socket that sent the request (netlink) or received the
	// notification (link).
	LinkNS uint32 `json:"link_ns,omitempty"`
	// Index is the interface's; PeerIndex its veth peer's, in a link event only if
	// that is in the same namespace; LinkType its kind (veth, bridge, ...).
	Index     int    `json:"index,omitempty"`
	PeerIndex int    `json:"peer_index,omitempty"`
	PeerName  string `json:"peer_name,omitempty"`
	LinkType  string `json:"link_type,omitempty"`
	// TargetNS is the network namespace that an interface is moved to, or that
	// the peer of a new veth is made in (netlink; resolved from the descriptor in
	// the message), or that the peer is in (veth_newlink, veth_dellink). Moved
	// means that an RTM_DELLINK is a move, not a deletion.
	TargetNS uint32 `json:"target_ns,omitempty"`
	Moved    bool   `json:"moved,omitempty"`
	// Waited is the time from the request for a veth pair to the beginning of its
	// creation (veth_newlink): all but microseconds is the wait for the RTNL lock.
	Waited int64 `json:"waited,omitempty"`
	// Address is the one that RTM_NEWADDR assigns, as address/prefix.
	Address string `json:"address,omitempty"`

	// Wall is the wall clock at Time, in nanoseconds since 1970 (clock).
	Wall int64 `json:"wall,omitempty"`
	// Format is the FormatVersion of the recording (clock).
	Format int `json:"format,omitempty"`
	// Lost is how many events of kind What were lost between Since, the boot time of
	// the check before, and Time, and Cause is why: buffer_full, ... (lost). What is
	// empty if the kind is not known.
	Lost  uint64 `json:"lost,omitempty"`
	Cause string `json:"cause,omitempty"`
	What  string `json:"what,omitempty"`
	Since int64  `json:"since,omitempty"`

	// Bundle is the content of the bundle in Path (bundle).
	Bundle *Bundle `json:"bundle,omitempty"`
}

// Began returns the boot time at which it began: Time less Duration.
func (e *Event) Began() int64 { return e.Time - e.Duration }

// The bounds that Check enforces: CLOCK_BOOTTIME begins at 0, and within them no
// sum of two times overflows.
const (
	maxBootTime = int64(1) << 61 // 73 years
	maxWallTime = int64(1) << 62 // the year 2116
)

// Check returns an error if the event's times are impossible: a boot time that is
// not after 0, or a duration that is negative or did not begin after the boot. The
// collector takes a time of 0 for one that is unknown.
func (e *Event) Check() error {
	if e.Time <= 0 || e.Time > maxBootTime {
		return fmt.Errorf("time %d: not a time after the boot", e.Time)
	}
	for _, d := range []struct {
		name string
		ns   int64
	}{
		{"duration", e.Duration}, {"born", e.StartTime}, {"child_born", e.ChildStartTime}, {"since", e.Since}, {"waited", e.Waited},
		{"made", e.Made},
		{"netns_began", e.NetnsBegan}, {"netns_duration", e.NetnsDuration},
	} {
		if d.ns < 0 || d.ns > e.Time {
			return fmt.Errorf("%s %d: not between the boot and the time of the event, %d", d.name, d.ns, e.Time)
		}
	}
	if e.Duration == e.Time {
		return fmt.Errorf("duration %d: began at the boot", e.Duration)
	}
	if e.NetnsDuration > 0 && e.NetnsBegan == 0 {
		return fmt.Errorf("netns_duration %d: without netns_began", e.NetnsDuration)
	}
	if e.NetnsBegan+e.NetnsDuration > e.Time {
		return fmt.Errorf("netns_duration %d: ends after the event, at %d", e.NetnsDuration, e.NetnsBegan+e.NetnsDuration)
	}
	if e.Wall < 0 || e.Wall > maxWallTime {
		return fmt.Errorf("wall %d: not a time between 1970 and 2116", e.Wall)
	}
	return nil
}

// ResolvedTarget returns the path that a call worked on: the resolved one, if it is known.
func (e *Event) ResolvedTarget() string {
	if e.RealTarget != "" {
		return e.RealTarget
	}
	return e.Target
}

// AttachesMount reports whether a call attaches a mount, or tries to.
func (e *Event) AttachesMount() bool { return e.Kind == KindMount || e.Kind == KindMoveMount }

// ByLeader reports whether the event is of the process's first thread.
func (e *Event) ByLeader() bool { return e.TID == 0 || e.TID == e.PID }

// Size returns about how many bytes of memory the event occupies.
func (e *Event) Size() int {
	const structs = 800 // of Event, with its Cost and Namespaces
	n := structs
	for _, s := range []string{e.Comm, e.File, e.Exe, e.Name, e.Source, e.Target, e.RealTarget, e.FSType, e.Data, e.Path, e.PeerName, e.Address} {
		n += len(s)
	}
	for _, list := range [][]string{e.Args, e.Env} {
		for _, s := range list {
			n += len(s) + 16
		}
	}
	return n
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
