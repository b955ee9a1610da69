/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Containers that started and did not listen yet, by the inode of their mount
 * namespace. It is how a container is known whose processes are not watched:
 * a network namespace may be the host's or a pod's, and engines enter it.
 *
 *	unshare or clone by a watched process ──▶ MADE
 *	INIT executes the entrypoint there    ──▶ STARTED
 *	the first listen there                ──▶ told, and gone from the map
 *
 * The host's mount namespace is never in it, nor one that is only joined
 * (`exec`). Inode numbers are soon used again (ida_alloc, fs/proc/generic.c):
 * whoever makes a namespace takes the number over.
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "compat.h"

enum container_state {
	CONTAINER_MADE = 1,
	CONTAINER_STARTED,
};

/* LRU: most containers never listen, and nobody tells that a namespace is gone. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u32); /* enum container_state */
} containers SEC(".maps");

/* Someone made a mount namespace. */
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
 * Whether this is the first time that the caller's container listens. A thread
 * that has entered a container is not the container: its process must be there.
 */
static __always_inline bool container_listens(void)
{
	struct task_struct *task = current_task();
	__u32 mnt_ns = READ(task, nsproxy, mnt_ns, ns.inum);
	__u32 leaders = READ(task, group_leader, nsproxy, mnt_ns, ns.inum);
	__u32 *state = bpf_map_lookup_elem(&containers, &mnt_ns);

	if (!state || *state != CONTAINER_STARTED)
		return false;
	if (leaders && leaders != mnt_ns) /* a leader that has exited is nowhere */
		return false;
	/* of two that listen at once, one deletes it */
	return !bpf_map_delete_elem(&containers, &mnt_ns);
}

#endif
