// Package event is what the kernel reports of a host on which containers start: the
// Event, its kinds, and recordings of events. It imports nothing of this module.
//
// # Format
//
// `events --format json` writes one Event per line, in the order in which they were
// read, and `replay` reads them. docs/event.schema.json describes the lines. The
// format has a version, FormatVersion, in each event of kind clock: the first event
// is one, and one follows every second. Within a major version of the exporter,
// fields are added, never renamed or removed, and kinds are added: a reader skips
// what it does not know.
//
// The fields are those of Event. Besides time, kind, pid, tid, born, comm, mnt_ns,
// net_ns, nested and cost, each kind has:
//
//	fork            child, child_born, parent, flags; if it made namespaces: namespaces, duration
//	exec            file, args, env, truncated, last; if it failed: file, ret, duration
//	exit            status, oom
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
//	cgroup_attach   path, hierarchy, child, child_born, made
//	netlink         message, link_ns, index, name, link_type, peer_name, target_ns, address, ret, duration
//	link            message, link_ns, index, name, link_type, peer_index, moved
//	veth_newlink    link_ns, index, name, target_ns, peer_index, peer_name, ret, duration, waited
//	veth_dellink    link_ns, index, name, target_ns, peer_index, peer_name, duration
//	listen          (none)
//	process         file, args, parent, namespaces
//	bundle          path, bundle
//	gone            (none)
//	clock           wall, format
//	lost            lost, what, cause, since
package event
