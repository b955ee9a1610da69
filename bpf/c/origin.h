/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Origins. A process in the exporter's own pid namespace is the host's: its
 * origin is 0. All others are a container's. Their origin is the inode number
 * of the pid namespace right below the exporter's: a container that makes
 * further pid namespaces stays one origin.
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

#include "compat.h"
#include "lost.h"

/* The exporter's own pid namespace; 0 if it is not known: all is the host's then. */
const volatile __u32 host_pid_ns = 0;

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

#define MAX_PID_NS_LEVEL 32 /* include/linux/pid_namespace.h */
#define MAX_EXPORTER_LEVEL 4 /* how deep the exporter's own pid namespace is looked for */

/* The pid namespace of a process at a level, not the one for its children. */
static __always_inline struct pid_namespace *pid_namespace_at(struct pid *pid, __u32 level)
{
	struct pid_namespace *ns = NULL;
	struct upid *number = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	if (level <= MAX_PID_NS_LEVEL)
		bpf_core_read(&ns, sizeof(ns), &number[level].ns);
	return ns;
}

/* The pid namespace of a process. */
static __always_inline struct pid_namespace *pid_namespace_of(struct pid *pid)
{
	return pid_namespace_at(pid, LOAD(pid, level));
}

static __always_inline __u32 pid_ns_inode_at(struct pid *pid, __u32 level)
{
	struct pid_namespace *ns = pid_namespace_at(pid, level);

	return ns ? LOAD(ns, ns.inum) : 0;
}

/* The origin of a process by its pid namespace. */
static __noinline __u32 origin_of(struct task_struct *task)
{
	struct pid *pid = READ(task, thread_pid);
	__u32 level, own;

	if (!host_pid_ns || !pid)
		return 0;
	level = LOAD(pid, level);
	own = pid_ns_inode_at(pid, level);
	if (own == host_pid_ns)
		return 0;
	for (__u32 i = 0; i < MAX_EXPORTER_LEVEL; i++)
		if (i < level && pid_ns_inode_at(pid, i) == host_pid_ns)
			return pid_ns_inode_at(pid, i + 1);
	return own;
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
