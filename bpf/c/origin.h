/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Origins. A process in the exporter's own pid namespace is the host's: its
 * origin is 0. Those below it are a container's. Their origin is the inode
 * number of the pid namespace right below the exporter's: a container that
 * makes further pid namespaces stays one origin. All others are outside, if the
 * exporter is in a node that is a container: they are not watched, and their
 * events are left out, and counted.
 *
 * A watched process has the origin of the one that forked it: what the host's
 * runtimes fork into a container is the host's until it executes the
 * entrypoint.
 *
 * Each origin but the host's has quotas, so that a container that executes
 * files with watched names loses only its own events.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "lost.h"
#include "pidns.h"

/* The origin of what is outside of the exporter's pid namespace: inode numbers of nsfs are larger. */
#define OUTSIDE 1U

#define ORIGINS 1024              /* inode numbers are assigned in turn: few origins share a slot */
#define ALL_ORIGINS ORIGINS       /* the slot of their sum */
#define MAX_WATCHED_OF_ORIGIN 2048 /* processes */
#define MAX_WATCHED_NESTED 8192   /* of all origins but the host's: half of watched_pids */
#define MAX_BYTES_OF_ORIGIN (4 * 1024 * 1024UL) /* of records in a second */
#define A_SECOND 1000000000UL

/* How many unread bytes in the ring buffer leave no room for other origins than the host's. */
const volatile __u64 nested_bytes = 1024 * 1024;

struct origin {
	__u64 number; /* of the last origin that used the slot */
	__u64 watched; /* its processes that are watched */
	__u64 second; /* when the current second began */
	__u64 written; /* bytes of records in it */
	__u64 lost; /* events over its quota */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* Go reads it without a privilege */
	__uint(max_entries, ORIGINS + 1);
	__type(key, __u32);
	__type(value, struct origin);
} origins SEC(".maps");

/* The origin of a process by its pid namespace. */
static __noinline __u32 origin_of(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	__u32 level = 0;

	if (!host_pid_ns || !pid)
		return 0;
	if (in_node) {
		pid = BPF_CORE_READ(task, thread_pid); /* a number to the verifier */
		level = exporter_level((__u64)pid);
	}
	if (level == NO_LEVEL)
		return OUTSIDE;
	return level == LOAD(pid, level) ? 0 : pid_ns_inode_at(pid, level + 1);
}

static __always_inline struct origin *origin_get(__u32 number)
{
	__u32 slot = number % ORIGINS;

	return bpf_map_lookup_elem(&origins, &slot);
}

static __always_inline struct origin *origin_all(void)
{
	__u32 slot = ALL_ORIGINS;

	return bpf_map_lookup_elem(&origins, &slot);
}

/* Counts an event that an origin has lost because of its quota. */
static __always_inline void over_quota(struct origin *origin, __u32 kind)
{
	__sync_fetch_and_add(&origin->lost, 1);
	count_lost(kind, LOST_OVER_QUOTA);
}

/* Whether one more process of an origin may be watched; if so, counts it. */
static __always_inline bool may_watch_for(__u32 number)
{
	struct origin *origin, *all;

	if (!number)
		return true;
	if (number == OUTSIDE)
		return false;
	origin = origin_get(number);
	all = origin_all();
	if (!origin || !all)
		return false;
	origin->number = number;
	if (origin->watched >= MAX_WATCHED_OF_ORIGIN || all->watched >= MAX_WATCHED_NESTED) {
		over_quota(origin, EVENT_FORK);
		return false;
	}
	__sync_fetch_and_add(&origin->watched, 1);
	__sync_fetch_and_add(&all->watched, 1);
	return true;
}

/* A process of an origin is no longer watched. */
static __always_inline void unwatch_for(__u32 number)
{
	struct origin *origin, *all;

	if (!number)
		return;
	origin = origin_get(number);
	all = origin_all();
	if (!origin || !all)
		return;
	__sync_fetch_and_add(&origin->watched, -1);
	__sync_fetch_and_add(&all->watched, -1);
}

/* Whether an origin may write a record of a size to the ring buffer, of which fill bytes are unread. */
static __always_inline bool may_write_for(__u32 number, __u64 size, __u32 kind, __u64 fill)
{
	struct origin *origin;
	__u64 now;

	if (!number)
		return true;
	if (number == OUTSIDE) {
		count_outside(kind);
		return false;
	}
	origin = origin_get(number);
	if (!origin)
		return false;
	now = bpf_ktime_get_boot_ns();
	origin->number = number;
	if (now - origin->second >= A_SECOND) {
		origin->second = now;
		origin->written = 0;
	}
	if (origin->written + size > MAX_BYTES_OF_ORIGIN || fill > nested_bytes) {
		over_quota(origin, kind);
		return false;
	}
	__sync_fetch_and_add(&origin->written, size);
	return true;
}

#endif
