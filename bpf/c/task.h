/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which processes are watched: those that executed a file with a watched name,
 * and those that a watched process forked. A container's init is no longer
 * watched once it has executed the entrypoint. What a shim executes may be a
 * runtime whatever it is named: its forks can be inits.
 *
 *	names ──exec──▶ ENGINE ──fork──▶ CHILD ──exec of a runtime──▶ RUNTIME ◀─┐
 *	                                   ▲                             │      │ fork
 *	                                   └──its fork executes (a hook)─┼──────┘
 *	               a rename to an init name, a clone with NEWNS, ────┘
 *	               a setns by crun exec's child (JOINED)      │
 *	                                                          ▼
 *	                      entrypoint, not watched ◀──exec── INIT ──fork──▶ CHILD (a hook)
 */
#ifndef TASK_H
#define TASK_H

#include "call.h"
#include "compat.h"
#include "cost.h"
#include "filter.h"
#include "lost.h"
#include "origin.h"

#define NAME_LEN 32

enum task_class {
	CLASS_NONE,
	CLASS_ENGINE,  /* watched by name, or as a CNI plugin */
	CLASS_SHIM,    /* watched by name; also what it forks and executes that has no name: a runtime or a wrapper */
	CLASS_RUNTIME, /* watched by name, its exec wakes the reader; also its forks, until they execute */
	CLASS_CHILD,   /* forked by any other watched process */
	CLASS_JOINED,  /* a runtime's fork that joined the container's namespaces: it forks init */
	CLASS_INIT,    /* the next exec is the entrypoint */
	CLASS_PLUGIN,  /* only of a name: watched like ENGINE if it is executed as a CNI plugin */
};

struct name {
	char text[NAME_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct name);
	__type(value, __u32); /* CLASS_ENGINE, CLASS_SHIM, CLASS_RUNTIME or CLASS_PLUGIN */
} names SEC(".maps");

#define COMM_LEN 16

struct comm {
	char text[COMM_LEN];
};

/* The names by which the init of a runtime is known. Go fills it in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct comm);
	__type(value, __u8);
} init_names SEC(".maps");

/* A watched process. */
struct watched {
	__u64 start_time; /* start_boottime of its first thread: a pid alone is reused */
	__u32 class;
	__u32 executed; /* it has executed a file since it was forked */
	__u32 origin;
	__u32 pad;
	/*
	 * Its threads that have not exited, without those of io_uring and
	 * vhost. 0 if they are not counted: it started before the exporter.
	 */
	__u64 threads;
	struct exited_cost exited_cost;
	struct call call; /* of its first thread */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16 * 1024);
	__type(key, __u32);
	__type(value, struct watched);
} watched_pids SEC(".maps");

/* By pid alone: the entry may be of an earlier process with the same pid. */
static __always_inline struct watched *watched_lookup(__u32 tgid)
{
	if (!may_watch_pid(tgid))
		return NULL;
	return bpf_map_lookup_elem(&watched_pids, &tgid);
}

/* The process of a task, NULL if it is not watched. The pointer to the task may be trusted. */
static __always_inline struct watched *watched_get(struct task_struct *task)
{
	struct watched *w = watched_lookup(READ(task, tgid));

	if (!w)
		return NULL;
	task = UNTRUSTED(task);
	return w->start_time == READ(task, group_leader, start_boottime) ? w : NULL;
}

/* The caller's process, NULL if it is not watched. */
static __always_inline struct watched *watched_current(void)
{
	return watched_get(trusted_current_task());
}

/*
 * Whether a process may be watched. A program checks no more than this before
 * it calls its slow path, a function of its own: a program that is short enough
 * fits in two cache lines.
 */
static __always_inline bool may_be_watched(struct task_struct *task)
{
	return may_watch_pid(READ(task, tgid));
}

static __always_inline bool current_may_be_watched(void)
{
	return may_be_watched(trusted_current_task());
}

/* Stops watching a process; returns false if it was not watched. */
static __always_inline bool watched_delete(__u32 tgid, __u32 origin)
{
	if (bpf_map_delete_elem(&watched_pids, &tgid))
		return false;
	pid_filter_add(tgid, -1);
	unwatch_for(origin);
	return true;
}

/* Watches a process. Returns false if there is no room, which is counted. */
static __always_inline bool watched_put(struct task_struct *task, __u32 class, bool executed,
					__u64 threads, __u32 origin)
{
	struct watched w = {
		.start_time = READ(task, group_leader, start_boottime),
		.class = class,
		.executed = executed,
		.origin = origin,
		.threads = threads,
	};
	__u32 tgid = READ(task, tgid), earlier_origin;
	struct watched *earlier;

	if (!may_watch_for(origin))
		return false;
	/* the filter first: what is in the map always passes it */
	pid_filter_add(tgid, 1);
	if (!bpf_map_update_elem(&watched_pids, &tgid, &w, BPF_NOEXIST))
		return true;
	pid_filter_add(tgid, -1);
	/* an entry that exists is of an earlier process whose exit was missed */
	earlier = bpf_map_lookup_elem(&watched_pids, &tgid);
	earlier_origin = earlier ? earlier->origin : origin;
	if (!bpf_map_update_elem(&watched_pids, &tgid, &w, BPF_EXIST)) {
		unwatch_for(earlier_origin);
		return true;
	}
	unwatch_for(origin);
	count_lost(EVENT_FORK, LOST_WATCHED_FULL);
	return false;
}

/* Whether this is the name that the last stage of a runtime's init gives itself. */
static __always_inline bool is_init_name(const char comm[COMM_LEN])
{
	struct comm key;

	__builtin_memcpy(&key, comm, sizeof(key));
	return bpf_map_lookup_elem(&init_names, &key);
}

#endif
