// Package collector turns kernel events into container starts. It is pure: it
// reads no clock and no file, starts no goroutine and knows nothing of BPF.
// Events go in through Assembler.Handle, starts come out through an Observer.
//
// # Where to find what
//
//	event.go       what the kernel shows: the Event, and its JSON form
//	start.go       what people get: the Start, and its JSON form
//	phase.go       the phases of a start, drawn, and how they partition it
//	process.go     lineage: what a process hands down to its children
//	exec.go        what is executed, and what that means
//	shim.go        shims and monitors
//	command.go     the runtime's commands: create, run, start, kill, delete
//	exit.go        how processes end
//	failure.go     how starts fail
//	namespace.go   the stages of a runtime, the namespaces and the init
//	mount.go       the rootfs, init's mounts and pivot_root
//	cgroup.go      the container's cgroup
//	hook.go        OCI hooks
//	link.go        rtnetlink: how a veth is joined
//	veth.go        the veths of a start, pair.go all pairs of the node
//	join.go        keys, and the events that wait for theirs
//	job.go         the programs that set up a network
//	bundle.go      what the bundle says, identity.go who the container is
//	snapshot.go    what ran before the exporter did
//	ready.go       the first listen
//	lifecycle.go   how a start begins and ends, record.go what is then told of it
//	assembler.go   the state machine that calls them all, and its bounds
//	runtime/       one file for each OCI runtime: a new one is added there
//	engine/        one file for each engine's shim or monitor
//	network/       one file for each kind of network program
//
// # Events
//
// `events --format json` writes one Event per line, in the order in which they
// were read, and `replay` reads them: the fields are those of Event, and each
// kind has these beside time, kind, pid, tid, born, comm, mnt_ns, net_ns and cost:
//
//	fork            child, child_born, parent, flags; namespaces and duration where it made some
//	exec            file, args, env, truncated, last; where it failed file, ret and duration
//	exit            status
//	rename          name
//	unshare, setns  flags, ret, duration, namespaces; of a new network namespace netns_began, netns_duration
//	mount           source, target, real_target, fs_type, flags, data, source_ns, ret, duration
//	umount          target, real_target, flags, ret, duration
//	pivot_root      target, real_target (the new root), data (where the old one goes), ret, duration
//	chroot          target, real_target, ret, duration
//	open_tree       target, real_target, flags, ret, duration
//	move_mount      source, target, real_target, fs_type, flags, ret, duration
//	fsopen          fs_type, flags, ret, duration
//	fsconfig        flags (the command), name (the key), data (the value), ret, duration
//	fsmount         flags (the mount's attributes), ret, duration
//	mount_setattr   target, real_target, flags, ret, duration
//	cgroup_mkdir    path, hierarchy
//	cgroup_rmdir    path, hierarchy
//	cgroup_attach   path, hierarchy, child, child_born
//	netlink         message, link_ns, index, name, link_type, peer_name, target_ns, address, ret, duration
//	link            message, link_ns, index, name, link_type, peer_index, moved
//	veth_newlink    link_ns, index, name, target_ns, peer_index, peer_name, ret, duration, waited
//	veth_dellink    link_ns, index, name, target_ns, peer_index, peer_name, duration
//	listen          (nothing more)
//	process         file, args, parent, namespaces
//	bundle          path, bundle
//	clock           wall
//	lost            lost, what, since
package collector
