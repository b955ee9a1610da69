package event

// Kind is what happened. A kind that stands for a system call has its name.
type Kind string

// What the kernel reports.
const (
	KindFork         Kind = "fork"          // a process (never a thread) was made: clone, clone3, fork, vfork
	KindExec         Kind = "exec"          // a program was executed, or, with ret < 0, was not
	KindExit         Kind = "exit"          // the last thread of a process has exited
	KindRename       Kind = "rename"        // a process gave itself another name: prctl(PR_SET_NAME)
	KindUnshare      Kind = "unshare"       // new namespaces for the caller
	KindSetns        Kind = "setns"         // the caller joined namespaces; none is made
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
	KindNetlink      Kind = "netlink"       // a request to rtnetlink, with its process
	KindLink         Kind = "link"          // a notification by rtnetlink, with name and index
	KindVethNewlink  Kind = "veth_newlink"  // a veth pair was made, by any process, in any network namespace
	KindVethDellink  Kind = "veth_dellink"  // a veth pair was deleted
	KindListen       Kind = "listen"        // listen(2) in the mount namespace of a container that has started
)

// What the exporter adds to the kernel's events, so that a recording is complete
// and the assembler needs no file and no clock.
const (
	KindClock   Kind = "clock"   // the wall clock at a boot time
	KindLost    Kind = "lost"    // events that the BPF programs had to drop
	KindProcess Kind = "process" // a process that was already running when the probes were attached
	KindBundle  Kind = "bundle"  // the content of a bundle's config.json
	KindGone    Kind = "gone"    // after events were lost: a process has exited, or an init has executed the entrypoint, unseen
)

// AllKinds lists every kind of event, in the order of the constants. Tests check
// that the decoder, the assembler, the table of `events` and the documentation
// know every kind.
var AllKinds = []Kind{
	KindFork, KindExec, KindExit, KindRename, KindUnshare, KindSetns,
	KindMount, KindUmount, KindPivotRoot, KindChroot, KindOpenTree, KindMoveMount,
	KindFsopen, KindFsconfig, KindFsmount, KindMountSetattr,
	KindCgroupMkdir, KindCgroupAttach, KindCgroupRmdir,
	KindNetlink, KindLink, KindVethNewlink, KindVethDellink, KindListen,
	KindClock, KindLost, KindProcess, KindBundle, KindGone,
}
