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
 * task_rename also fires for the name that an execve gives. in_execve tells
 * them apart (since 2.6.30, for TOMOYO); a kernel that drops the bit has its
 * renames by execve reported too.
 */
static __always_inline bool renamed_by_exec(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->in_execve))
		return false;
	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

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
 * as a program that reads it does not load before.
 */

#endif
