/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Containers that started and have not listened yet, by the inode of their
 * mount namespace, which identifies a container whose processes are not
 * watched: a network namespace may be the host's or a pod's, and engines enter
 * it.
 *
 *	unshare or clone by a watched process ──▶ MADE
 *	INIT executes the entrypoint there    ──▶ STARTED
 *	the first listen there                ──▶ reported, and deleted from the map
 *
 * The host's mount namespace is never in the map, nor one that is only joined
 * (`exec`). Inode numbers are soon reused (ida_alloc, fs/proc/generic.c): a new
 * namespace replaces the old one with the same number.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "compat.h"

enum container_state {
	CONTAINER_MADE = 1,
	CONTAINER_STARTED,
};

/* LRU: most containers never listen, and the end of a namespace is not reported. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u32); /* enum container_state */
} containers SEC(".maps");

/* A process, watched or not, made a mount namespace. */
static __always_inline void container_made(__u32 mnt_ns, bool watched)
{
	__u32 state = CONTAINER_MADE;

	if (watched)
		bpf_map_update_elem(&containers, &mnt_ns, &state, BPF_ANY);
	else
		bpf_map_delete_elem(&containers, &mnt_ns);
}

static __always_inline void container_started(struct task_struct *init)
{
	__u32 mnt_ns = READ(init, nsproxy, mnt_ns, ns.inum);
	__u32 *state = bpf_map_lookup_elem(&containers, &mnt_ns);

	if (state)
		*state = CONTAINER_STARTED;
}

/*
 * Whether this is the first listen of the caller's container. A thread that has
 * entered a container does not count: its whole process must be in there.
 */
static __always_inline bool container_listens(void)
{
	struct task_struct *task = current_task();
	__u32 mnt_ns = READ(task, nsproxy, mnt_ns, ns.inum);
	__u32 leaders = READ(task, group_leader, nsproxy, mnt_ns, ns.inum);
	__u32 *state = bpf_map_lookup_elem(&containers, &mnt_ns);

	if (!state || *state != CONTAINER_STARTED)
		return false;
	if (leaders && leaders != mnt_ns) /* 0: the leader has exited */
		return false;
	/* if two threads listen at the same time, only one deletes it */
	return !bpf_map_delete_elem(&containers, &mnt_ns);
}

#endif
