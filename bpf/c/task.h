/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which processes are watched. A process is, because of the name of what it
 * executed, or because a watched one forked it; no longer, once a container's
 * init has executed the entrypoint.
 *
 *	names ──exec──▶ ENGINE ──fork──▶ CHILD ──exec of a runtime──▶ RUNTIME ◀─┐
 *	                                   ▲                             │      │ fork
 *	                                   └──its fork executes (a hook)─┼──────┘
 *	               a rename to runc:[2:INIT], a clone with NEWNS, ───┘
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

#define NAME_LEN 32

enum task_class {
	CLASS_NONE,
	CLASS_ENGINE,  /* watched by name */
	CLASS_RUNTIME, /* watched by name, its exec is urgent; and its forks, until they execute */
	CLASS_CHILD,   /* forked by another watched process */
	CLASS_JOINED,  /* a runtime's fork in the container's namespaces: it forks init */
	CLASS_INIT,    /* the next exec is the entrypoint */
};

struct name {
	char text[NAME_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct name);
	__type(value, __u32); /* CLASS_ENGINE or CLASS_RUNTIME */
} names SEC(".maps");

struct watched {
	__u64 start_time; /* a pid alone is reused */
	__u32 class;
	__u32 executed; /* it executed something since it was forked */
	/*
	 * Its threads that have not exited, io_uring's and vhost's left out. 0
	 * where they are not counted, as it ran before the exporter did.
	 */
	__u64 threads;
	struct exited_cost exited_cost;
	struct call call; /* that its first thread is in */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16 * 1024);
	__type(key, __u32);
	__type(value, struct watched);
} watched_pids SEC(".maps");

static __always_inline struct watched *watched_lookup(__u32 tgid)
{
	if (!may_watch_pid(tgid))
		return NULL;
	return bpf_map_lookup_elem(&watched_pids, &tgid);
}

/* A process, where it is watched. The task is one that the verifier may trust. */
static __always_inline struct watched *watched_get(struct task_struct *task)
{
	struct watched *w = watched_lookup(READ(task, tgid));

	if (!w)
		return NULL;
	task = UNTRUSTED(task);
	return w->start_time == READ(task, group_leader, start_boottime) ? w : NULL;
}

/* The caller, where it is watched. */
static __always_inline struct watched *watched_current(void)
{
	return watched_get(trusted_current_task());
}

/*
 * Whether a process may be watched. That is all that a program asks before it
 * leaves to a function what only those cost that are: in a program that is
 * short enough, it is two lines of the cache.
 */
static __always_inline bool may_be_watched(struct task_struct *task)
{
	return may_watch_pid(READ(task, tgid));
}

static __always_inline bool current_may_be_watched(void)
{
	return may_be_watched(trusted_current_task());
}

/* Returns whether it was there. */
static __always_inline bool watched_delete(__u32 tgid)
{
	if (bpf_map_delete_elem(&watched_pids, &tgid))
		return false;
	pid_filter_add(tgid, -1);
	return true;
}

/* Watches a process, unless there is no room, which is counted. */
static __always_inline void watched_put(struct task_struct *task, __u32 class, bool executed,
				     __u64 threads)
{
	struct watched w = {
		.start_time = READ(task, group_leader, start_boottime),
		.class = class,
		.executed = executed,
		.threads = threads,
	};
	__u32 tgid = READ(task, tgid);

	/* before, so that whoever finds it in the map finds it here */
	pid_filter_add(tgid, 1);
	if (!bpf_map_update_elem(&watched_pids, &tgid, &w, BPF_NOEXIST))
		return;
	pid_filter_add(tgid, -1);
	/* one that is there is a process that is gone: its end was not seen */
	if (bpf_map_update_elem(&watched_pids, &tgid, &w, BPF_EXIST))
		count_lost(EVENT_FORK);
}

/* The class of a name, zero-padded as the map's keys are. */
static __always_inline __u32 class_of(struct name *name)
{
	__u32 *class = bpf_map_lookup_elem(&names, name);

	return class ? *class : CLASS_NONE;
}

/* The class of an executable by the name of its file. */
static __always_inline __u32 class_of_file(struct file *file)
{
	struct name name = {};
	const unsigned char *from = READ(file, f_path.dentry, d_name.name);

	if (!from)
		return CLASS_NONE;
	/* one that does not fit is cut, and ends in a NUL that no key has there */
	bpf_probe_read_kernel_str(name.text, sizeof(name.text), from);
	return class_of(&name);
}

/* The pid namespace that a process lives in, not the one of its children. */
static __always_inline struct pid_namespace *pid_namespace_of(struct pid *pid)
{
	__u32 level = LOAD(pid, level);
	struct pid_namespace *ns = NULL;
	struct upid *number = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	if (level <= 32) /* MAX_PID_NS_LEVEL */
		bpf_core_read(&ns, sizeof(ns), &number[level].ns);
	return ns;
}

/* Eight characters as they lie in memory: both architectures are little-endian. */
#define BYTES8(a, b, c, d, e, f, g, h)                                                         \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* The name that the last stage of runc's and youki's init gives itself. */
static __always_inline bool is_init_name(const char comm[16])
{
	__u64 words[2];

	__builtin_memcpy(words, comm, sizeof(words));
	return (words[0] == BYTES8('r', 'u', 'n', 'c', ':', '[', '2', ':') &&
		words[1] == BYTES8('I', 'N', 'I', 'T', ']', 0, 0, 0)) ||
	       (words[0] == BYTES8('y', 'o', 'u', 'k', 'i', ':', '[', '2') &&
		words[1] == BYTES8(':', 'I', 'N', 'I', 'T', ']', 0, 0));
}

#endif
