// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Cgroups, one event per hierarchy: ten on v1, one on v2. */

#include "record.h"

/* Identifies one change of a call, which may move all threads of a process, in all hierarchies. */
static __always_inline __u64 which_change(struct cgroup *cgroup, struct task_struct *moved)
{
	__u64 thread = moved ? READ(moved, pid) : 0;

	return READ(cgroup, kn, id) ^ (__u64)READ(cgroup, root, hierarchy_id) << 48 ^ thread << 24;
}

static __noinline int cgroup_change_slow(__u32 kind, struct cgroup *cgroup, const char *path,
					 struct task_struct *moved)
{
	struct watched *w = watched_current();
	struct event_cgroup *e;
	struct scratch *s;
	__u32 number;

	if (!w || done_by_twin(kind, which_change(cgroup, moved)))
		return 0;
	s = scratch_acquire(&number, kind);
	if (!s)
		return 0;
	e = RECORD(s, event_cgroup);
	fill_header(&e->h, kind, w);
	e->child = 0;
	e->child_start_time = 0;
	if (moved) {
		e->child = READ(moved, group_leader, tgid);
		e->child_start_time = READ(moved, group_leader, start_boottime);
	}
	e->hierarchy = READ(cgroup, root, hierarchy_id);
	e->path_len = put_kernel_text(s, 0, path);
	e->pad = 0;
	EMIT(s, event_cgroup, e->path_len, false);
	scratch_release(s);
	return 0;
}

static __always_inline int cgroup_change(__u32 kind, struct cgroup *cgroup, const char *path,
					 struct task_struct *moved)
{
	return UNLIKELY(current_may_be_watched()) ? cgroup_change_slow(kind, cgroup, path, moved) : 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_MKDIR, cgroup_change(EVENT_CGROUP_MKDIR, UNTRUSTED(cgroup), path, NULL));
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_RMDIR, cgroup_change(EVENT_CGROUP_RMDIR, UNTRUSTED(cgroup), path, NULL));
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_ATTACH, cgroup_change(EVENT_CGROUP_ATTACH, UNTRUSTED(cgroup), path, UNTRUSTED(task)));
	return 0;
}
