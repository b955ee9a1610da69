/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What differs between kernels, each with the version and the commit that
 * changed it. Everything else in this directory is the same from 5.10 on.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "kernel.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

/*
 * Since 5.11 bpf_get_current_task_btf (3ca1032ab7ab) returns a typed pointer,
 * from which plain loads read: 1 ns each. Before that a helper reads: 15 ns
 * each. Both read 0 through a null pointer.
 */
#define PLAIN_LOADS \
	bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* Makes any address one that plain loads may read, as the given type. Since 6.2 (a35b9af4ec2c). */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __weak __ksym;

#define CAST(from) \
	((typeof(from))bpf_rdonly_cast((from), bpf_core_type_id_kernel(typeof(*(from)))))

/*
 * Since 6.3 the verifier looks up by name the BTF type of every pointer loaded
 * from a trusted pointer, such as a tracepoint's argument, in about 0.1 ms each
 * (btf_nested_type_is_trusted, 57539b1c0ac2). bpf_rdonly_cast returns an
 * untrusted pointer, which skips that and suffices to read. Prefer the trusted
 * pointer for scalar fields: the JIT then needs no address check.
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

/* Reads a field from what current_task returned, or from a tracepoint's argument. */
#define READ(from, ...) \
	(PLAIN_LOADS ? ___arrow(from, __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))

/* Reads a field from an address that is kept as a number, or was computed from one. */
#define LOAD(from, ...) \
	(bpf_rdonly_cast ? ___arrow(CAST(from), __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))

/* Copies a thread's name: 16 bytes. */
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
 * task_rename also fires when execve sets the name. in_execve distinguishes
 * the two (since 2.6.30, f9ce1f1cda8b, for TOMOYO); if a kernel drops the bit,
 * renames by execve are reported too.
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
 * Threads that the kernel itself creates in a process exit like any other, but
 * task_newtask does not report them: copy_process is called without
 * kernel_clone. io_uring creates them since 5.12 (create_io_thread,
 * cc440e8738e5), vhost since 6.4 (vhost_task_create, e297cd54b3f8). Before
 * that, the flag of each meant something else; the fields of kernel_clone_args
 * show the version (io_thread: cc440e8738e5, user_worker: 54e6842d0775).
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

/* The run-queue delay; -1 without CONFIG_SCHED_INFO, which SCHEDSTATS and TASK_DELAY_ACCT select. */
static __always_inline __s64 run_delay_of(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->sched_info.run_delay))
		return -1;
	return READ(task, sched_info.run_delay);
}

/*
 * The block-I/O delay; -1 if the kernel does not account it: without
 * CONFIG_TASK_DELAY_ACCT, and for a task created while the sysctl
 * kernel.task_delayacct was 0 (delayacct_tsk_init), its default since 5.14
 * (e4042ad49235, 0cd7c741f01d). A task created before the sysctl was set to 0
 * keeps the number that it had then.
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
 * Since 6.15 (69c7be1b903f) veth_newlink has the device as its first argument
 * and the request packed into the second; before, the device came second,
 * after the network namespace. The type of the packed request shows which it
 * is, even if the module has no BTF of its own (before 5.11).
 */
#define VETH_NEWLINK_PACKED bpf_core_type_exists(struct rtnl_newlink_params)

/*
 * Time namespaces came with 5.6 (769071ac9f20) and can be configured away, as
 * can every other kind but mount namespaces; the fields of nsproxy then stay.
 */

/*
 * cgroup_root.hierarchy_id is read with the path from the tracepoints, which
 * is relative to that hierarchy's root in every version.
 */

/*
 * Since 6.16 (3e816361e94a) sched_process_exit has a second argument,
 * group_dead: not used, as a program that reads it does not load on older
 * kernels. Since then it also fires before exit_mm(): the cost of an exit
 * includes tearing down the address space only before 6.16.
 */

#endif
