/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What differs between kernels, each with the version in which it changed.
 * Everything else in this directory is the same from 5.10 on.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "kernel.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

/*
 * bpf_get_current_task_btf came with 5.11. What it returns is read by plain
 * loads, a nanosecond each, and before that with a helper, fifteen each. Either
 * reads 0 behind a null pointer.
 */
#define PLAIN_LOADS \
	bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* Lets any address be read by plain loads, as what the type says. Since 6.2. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __weak __ksym;

#define CAST(from) \
	((typeof(from))bpf_rdonly_cast((from), bpf_core_type_id_kernel(typeof(*(from)))))

/*
 * Since 6.2 the verifier looks up by name the type of each pointer that is
 * loaded from what it trusts, as a tracepoint's arguments, which takes a tenth
 * of a millisecond. What was cast it does not trust: we read and do no more. A
 * number is better loaded from what it trusts: no look at the address goes
 * before that.
 */
#define UNTRUSTED(pointer) (bpf_rdonly_cast ? CAST(pointer) : (pointer))

static __always_inline struct task_struct *trusted_current_task(void)
{
	if (PLAIN_LOADS)
		return bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

static __always_inline struct task_struct *current_task(void)
{
	struct task_struct *task = trusted_current_task();

	return UNTRUSTED(task);
}

/* Reads from what current_task returned, or what a tracepoint was given. */
#define READ(from, ...) \
	(PLAIN_LOADS ? ___arrow(from, __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))

/* Reads from an address that is kept as a number, or was found by one. */
#define LOAD(from, ...) \
	(bpf_rdonly_cast ? ___arrow(CAST(from), __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))

/* A thread's name, which has 16 bytes. */
#define READ_COMM(to, task)                                                    \
	do {                                                                   \
		if (PLAIN_LOADS) {                                             \
			((__u64 *)(to))[0] = *(__u64 *)&(task)->comm[0];       \
			((__u64 *)(to))[1] = *(__u64 *)&(task)->comm[8];       \
		} else {                                                       \
			bpf_probe_read_kernel(to, 16, (void *)(task) +         \
				bpf_core_field_offset(struct task_struct, comm)); \
		}                                                              \
	} while (0)

/*
 * task_rename also fires for the name that an execve gives. in_execve tells
 * them apart (since 2.6.30, for TOMOYO); a kernel that drops the bit has its
 * renames by execve reported too.
 */
static __always_inline bool renamed_by_exec(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->in_execve))
		return false;
	if (PLAIN_LOADS)
		return BPF_CORE_READ_BITFIELD(task, in_execve);
	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

/*
 * Threads that the kernel itself makes in a process exit like any other, but
 * task_newtask does not tell of them: copy_process is called without
 * kernel_clone. io_uring has such since 5.12 (create_io_thread), vhost since
 * 6.4 (vhost_task_create); before each, its flag meant something else.
 */
static __always_inline bool made_by_kernel(struct task_struct *task)
{
	struct kernel_clone_args *args = NULL;
	__u32 flags = READ(task, flags);

	if (bpf_core_field_exists(args->user_worker))
		return flags & PF_USER_WORKER;
	if (bpf_core_field_exists(args->io_thread))
		return flags & PF_IO_WORKER;
	return false;
}

/* -1 without CONFIG_SCHED_INFO, which SCHEDSTATS and TASK_DELAY_ACCT select. */
static __always_inline __s64 run_delay_of(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->sched_info.run_delay))
		return -1;
	return READ(task, sched_info.run_delay);
}

/*
 * -1 where it is not accounted: without CONFIG_TASK_DELAY_ACCT, and for a task
 * that was made while the sysctl kernel.task_delayacct was 0, its default
 * since 5.14 (delayacct_tsk_init). One that was made before it was set to 0
 * keeps its number of then.
 */
static __always_inline __s64 block_io_delay_of(struct task_struct *task)
{
	struct task_delay_info *delays;

	if (!bpf_core_field_exists(task->delays))
		return -1;
	delays = READ(task, delays);
	return delays ? READ(delays, blkio_delay) : -1;
}

/*
 * veth_newlink had the device after the network namespace, and packs all that
 * is about the request into one argument since 6.15. Which it is, the type of
 * that tells, also where a module has no BTF of its own (before 5.11).
 */
#define VETH_NEWLINK_PACKED bpf_core_type_exists(struct rtnl_newlink_params)

/*
 * The time namespace came with 5.6 and can be configured away, as can every
 * other but the mount namespace; the fields of nsproxy then stay.
 */

/*
 * cgroup_root.hierarchy_id is read with the path that the tracepoints give,
 * which is relative to that hierarchy's root in every version.
 */

/*
 * sched_process_exit has a second argument, group_dead, since 6.16: not used,
 * as a program that reads it does not load before. It also came before
 * exit_mm() then: what it costs to tear down the address space is in the cost
 * of an exit only before.
 */

#endif
