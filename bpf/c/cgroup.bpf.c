// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Cgroups, one event per hierarchy: ten on v1, one on v2. */

#include "record.h"

/*
 * When cgroups were made by processes that are not watched. With the systemd
 * driver a runtime asks systemd for the cgroup: that it is a container's shows
 * when systemd moves the runtime's process there, milliseconds later. Until
 * then it is one of many, and no record is worth it. A cgroup is forgotten
 * when some thousand others have been made since: nobody makes so many, each
 * under the kernel's one lock of all cgroups, in that time.
 */
struct made {
	__u64 cgroup;
	__u64 time;
};

#define MADE_BITS 13

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << MADE_BITS);
	__type(key, __u32);
	__type(value, struct made);
} cgroups_made SEC(".maps");

/*
 * A cgroup by its number, which no other one of any hierarchy has had since
 * boot. The kernel counts cgroups and their controllers in one row
 * (css_serial_nr_next, kernel/cgroup/cgroup.c).
 */
static __always_inline __u64 number_of(struct cgroup *cgroup)
{
	return READ(cgroup, self.serial_nr);
}

static __always_inline struct made *made_get(__u64 number)
{
	__u32 slot = number % (1 << MADE_BITS);

	return bpf_map_lookup_elem(&cgroups_made, &slot);
}

/* Remembers that a cgroup is made now; twins do so twice, within a microsecond. */
static __always_inline void remember_made(struct cgroup *cgroup)
{
	__u64 number = number_of(cgroup);
	struct made *made = made_get(number);

	if (!made || made->cgroup == number)
		return;
	made->time = bpf_ktime_get_boot_ns();
	made->cgroup = number;
}

/* When a cgroup was made by a process that is not watched; 0 if that is not known. */
static __always_inline __u64 when_made(struct cgroup *cgroup)
{
	__u64 number = number_of(cgroup);
	struct made *made = made_get(number);

	return made && made->cgroup == number ? made->time : 0;
}

/* Identifies one change of a call, which may move all threads of a process, in all hierarchies. */
static __always_inline __u64 which_change(struct cgroup *cgroup, struct task_struct *moved)
{
	__u64 thread = moved ? READ(moved, pid) : 0;

	return number_of(cgroup) ^ thread << 24;
}

/* The process that a change by a process that is not watched belongs to: one that a runtime forked. */
static __always_inline struct watched *moved_for_runtime(struct task_struct *moved)
{
	struct watched *w = moved ? watched_get(moved) : NULL;

	return w && w->class != CLASS_ENGINE ? w : NULL;
}

static __noinline int cgroup_change_slow(__u32 kind, struct cgroup *cgroup, const char *path,
					 struct task_struct *moved)
{
	struct watched *caller = watched_current();
	struct watched *subject = caller ?: moved_for_runtime(moved);
	struct event_cgroup *e;
	struct scratch *s;
	__u32 number;

	if (!subject || done_by_twin(kind, which_change(cgroup, moved)))
		return 0;
	s = scratch_acquire(&number, kind);
	if (!s)
		return 0;
	e = RECORD(s, event_cgroup);
	fill_header(&e->h, kind, caller);
	e->h.origin = subject->origin;
	e->child = 0;
	e->child_start_time = 0;
	e->made = 0;
	if (moved) {
		e->child = shown_pid(moved);
		e->child_start_time = READ(moved, group_leader, start_boottime);
		e->made = caller ? 0 : when_made(cgroup);
	}
	e->hierarchy = READ(cgroup, root, hierarchy_id);
	e->path_len = put_kernel_text(s, 0, path);
	e->pad = 0;
	EMIT(s, event_cgroup, e->path_len, false);
	scratch_release(s);
	return 0;
}

static __always_inline int cgroup_change(__u32 kind, struct cgroup *cgroup, const char *path)
{
	return UNLIKELY(current_may_be_watched()) ? cgroup_change_slow(kind, cgroup, path, NULL) : 0;
}

static __always_inline int cgroup_made(struct cgroup *cgroup, const char *path)
{
	if (UNLIKELY(current_may_be_watched())) {
		cgroup_change_slow(EVENT_CGROUP_MKDIR, cgroup, path, NULL);
		if (watched_current())
			return 0;
	}
	remember_made(cgroup);
	return 0;
}

static __always_inline int cgroup_attached(struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	if (UNLIKELY(current_may_be_watched() || may_be_watched(task)))
		return cgroup_change_slow(EVENT_CGROUP_ATTACH, cgroup, path, task);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_MKDIR, cgroup_made(UNTRUSTED(cgroup), path));
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_RMDIR, cgroup_change(EVENT_CGROUP_RMDIR, UNTRUSTED(cgroup), path));
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	RUN_TWIN(twin_tracepoints, EVENT_CGROUP_ATTACH, cgroup_attached(UNTRUSTED(cgroup), path, UNTRUSTED(task)));
	return 0;
}
