/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pid namespaces. A process has a pid in its own and in each one above it, up to
 * the initial one, at level 0. The programs' own tables have the pids of the
 * initial one. Records have those of the exporter's, as its /proc does: the two
 * differ in a node that is a container (kind, k3d, minikube).
 */
#ifndef PIDNS_H
#define PIDNS_H

#include "compat.h"

/* The exporter's own pid namespace; 0 if it is not known. */
const volatile __u32 host_pid_ns = 0;

/*
 * Whether that is below the initial one. A constant to the verifier, which
 * removes the code that is not needed: a host pays nothing for nodes.
 */
const volatile bool in_node = false;

#define MAX_PID_NS_LEVEL 32 /* include/linux/pid_namespace.h */
#define NO_LEVEL (-1U)

static __always_inline struct upid *number_at(struct pid *pid, __u32 level)
{
	struct upid *number = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	return number + level;
}

/* The pid namespace of a process at a level, not the one for its children. */
static __always_inline struct pid_namespace *pid_namespace_at(struct pid *pid, __u32 level)
{
	struct pid_namespace *ns = NULL;

	if (level <= MAX_PID_NS_LEVEL)
		bpf_core_read(&ns, sizeof(ns), &number_at(pid, level)->ns);
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

/* The pid of a process at a level. */
static __always_inline __u32 pid_at(struct pid *pid, __u32 level)
{
	int nr = 0;

	if (level <= MAX_PID_NS_LEVEL)
		bpf_core_read(&nr, sizeof(nr), &number_at(pid, level)->nr);
	return nr;
}

/*
 * The level of the exporter's pid namespace above a process or its own; NO_LEVEL
 * if the process is outside of it. A global function: its callers are checked for
 * any level at once, not for each of them.
 */
__attribute__((noinline)) __u32 exporter_level(__u64 pid_)
{
	struct pid *pid = (void *)pid_;
	__u32 level, own = host_pid_ns;

	if (!in_node)
		return 0;
	level = LOAD(pid, level);
#pragma clang loop unroll(disable)
	for (__u32 i = 1; i <= MAX_PID_NS_LEVEL; i++)
		if (i <= level && pid_ns_inode_at(pid, i) == own)
			return i;
	return NO_LEVEL;
}

/* In a node: the pid of a thread as records have it; 0 if it is outside of the exporter's pid namespace. */
static __always_inline __u32 pid_in_node(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid); /* a number to the verifier, unlike READ */

	return pid_at(pid, exporter_level((__u64)pid));
}

/* The pid of a process, that of its first thread, as records have it. */
static __always_inline __u32 shown_pid(struct task_struct *task)
{
	return in_node ? pid_in_node(READ(task, group_leader)) : READ(task, tgid);
}

#endif
