// Package collector turns kernel events into container starts. It is pure: it
// reads no clock and no file, starts no goroutine and knows nothing of BPF.
// Events go in through Assembler.Handle, starts come out through an Observer.
//
// # Layout
//
//	event.go       the Event: what the kernel reports; its JSON form; cost.go its Cost
//	start.go       the Start: the record of one container start; its JSON form
//	phase.go       the phases of a start, drawn, and how they partition it
//	process.go     lineage: what a process passes on to its children
//	exec.go        executed programs: shim, runtime, network program, hook, entrypoint
//	shim.go        shims and monitors
//	command.go     the runtime's commands: create, run, start, kill, delete
//	exit.go        how processes end
//	failure.go     why starts fail, loss.go what lost events mean for them
//	namespace.go   the stages of a runtime, the namespaces and the init
//	mount.go       the rootfs, init's mounts and pivot_root
//	cgroup.go      the container's cgroup
//	hook.go        OCI hooks
//	link.go        rtnetlink: how a veth pair is joined to a start
//	veth.go        the veth pairs of a start, pair.go all veth pairs of the node
//	join.go        join keys, and what waits for its key; held.go the events that wait
//	job.go         the programs that set up a network
//	bundle.go      the OCI bundle, identity.go sandboxes and pods
//	snapshot.go    processes that ran before the exporter started
//	ready.go       the first listen(2) of a container
//	attempt.go     a start in progress, lifecycle.go how it begins and ends
//	record.go      the Start that is made of it; made.go, trace.go parts of that
//	assembler.go   the state machine that calls them all, and its bounds
//	observer.go    the interface that receives the results
//	replay.go      reads recordings
//	runtime/       one file for each OCI runtime: a new one is added there
//	engine/        one file for each engine's shim or monitor
//	network/       one file for each kind of network program
//
// # Events
//
// `events --format json` writes one Event per line, in the order in which they
// were read, and `replay` reads them. The fields are those of Event. Besides time,
// kind, pid, tid, born, comm, mnt_ns, net_ns and cost, each kind has:
//
//	fork            child, child_born, parent, flags; if it made namespaces: namespaces, duration
//	exec            file, args, env, truncated, last; if it failed: file, ret, duration
//	exit            status
//	rename          name
//	unshare, setns  flags, ret, duration, namespaces; for a new network namespace: netns_began, netns_duration
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
//	listen          (none)
//	process         file, args, parent, namespaces
//	bundle          path, bundle
//	clock           wall
//	lost            lost, what, cause, since
package collector
