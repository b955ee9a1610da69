// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Processes: fork, exit, rename, and those that exist already. Exec is in exec.bpf.c. */

#include "calls.h"
#include "container.h"
#include "name.h"

/* The class of a new child, from that of the process that forked it; task is the forking thread. */
static __always_inline __u32 class_of_child(struct watched *forker, struct task_struct *task, __u64 flags)
{
	struct pid_namespace *own, *childrens;
	struct pid *pid;

	switch (forker->class) {
	case CLASS_RUNTIME:
		/* init may be forked by a fork of a fork: crun run --detach */
		return flags & CLONE_NEWNS ? CLASS_INIT : CLASS_RUNTIME;
	case CLASS_SHIM:
		return flags & CLONE_NEWNS ? CLASS_INIT : CLASS_SHIM;
	case CLASS_JOINED:
		return CLASS_INIT;
	case CLASS_INIT:
		/* an init that joined a pid namespace must fork to be in it (crun) */
		pid = READ(task, thread_pid);
		own = pid_namespace_of(pid);
		childrens = READ(task, nsproxy, pid_ns_for_children);
		return own == childrens ? CLASS_CHILD : CLASS_INIT;
	}
	return CLASS_CHILD;
}

static __noinline int process_fork_slow(struct task_struct *child, __u64 flags)
{
	struct task_struct *task = current_task();
	struct watched *forker = watched_current();
	struct event_fork *e;
	struct call *call;

	if (!forker && !(flags & (CLONE_NEW_ALL | CLONE_EMPTY_MNTNS)))
		return 0;
	if (flags & CLONE_THREAD) {
		if (forker && forker->threads && !done_by_twin(EVENT_FORK, READ(child, pid)))
			__sync_fetch_and_add(&forker->threads, 1);
		return 0;
	}
	if (flags & CLONE_EMPTY_MNTNS)
		flags |= CLONE_NEWNS;
	if (done_by_twin(EVENT_FORK, READ(child, pid)))
		return 0;
	if (flags & CLONE_NEWNS)
		container_made(READ(child, nsproxy, mnt_ns, ns.inum), forker);
	/* a child that is not watched is not reported either: nobody would report its exit */
	if (forker && !watched_put(child, class_of_child(forker, task, flags), false, 1, forker->origin))
		return 0;
	e = RESERVE(event_fork, EVENT_FORK, current_origin(forker));
	if (!e)
		return 0;
	fill_header(&e->h, EVENT_FORK, forker);
	e->h.flags = flags;
	e->child = shown_pid(child);
	e->child_start_time = READ(child, start_boottime);
	e->parent = shown_pid(READ(child, real_parent));
	__builtin_memset(&e->ns, 0, sizeof(e->ns));
	__builtin_memset(&e->netns, 0, sizeof(e->netns));
	if (flags & CLONE_NEW_ALL) {
		fill_namespaces(&e->ns, child);
		call = call_current(forker);
		if (call && call->kind == EVENT_FORK) {
			e->h.duration = e->h.time - call->begin;
			fill_netns(&e->netns, call);
			call_end(call);
		}
	}
	SUBMIT(e);
	return 0;
}

static __always_inline int process_fork(struct task_struct *child, __u64 flags)
{
	if (UNLIKELY(current_may_be_watched() || flags & (CLONE_NEW_ALL | CLONE_EMPTY_MNTNS)))
		return process_fork_slow(child, flags);
	return 0;
}

/*
 * Whether an exiting thread is the last of its process. If two threads exit at
 * the same time, signal->live is 0 already for the last but one: so the threads
 * are counted here, each after it has added its cost.
 */
static __always_inline bool is_last(struct watched *w, struct task_struct *task)
{
	if (!w->threads)
		return !READ(task, signal, live.counter);
	if (made_by_kernel(task))
		return false;
	__sync_fetch_and_add(&w->threads, -1);
	return !w->threads;
}

static __noinline int process_exit_slow(struct task_struct *task)
{
	struct watched *w = watched_get(task);
	struct signal_struct *signal;
	struct event_cost cost;
	struct event_exit *e;
	struct call *call;
	__u32 origin;

	if (!w || done_by_twin(EVENT_EXIT, 0))
		return 0;
	call = call_current(w);
	if (call)
		call_missed(call);
	read_cost(task, &cost);
	move_cost(&w->exited_cost, &cost);
	if (!is_last(w, task))
		return 0;
	add_exited_cost(&cost, &w->exited_cost);
	/* several threads may find that they are the last: the first to delete reports the exit */
	origin = w->origin;
	if (!watched_delete(READ(task, tgid), origin))
		return 0;
	e = RESERVE(event_exit, EVENT_EXIT, origin);
	if (!e)
		return 0;
	fill_header(&e->h, EVENT_EXIT, NULL); /* w was deleted */
	e->h.origin = origin;
	e->h.cost = cost;
	/* as in wait_task_zombie, kernel/exit.c */
	signal = READ(task, signal);
	if (READ(signal, flags) & SIGNAL_GROUP_EXIT)
		e->status = READ(signal, group_exit_code);
	else
		e->status = READ(task, group_leader, exit_code);
	e->oom = READ(signal, oom_mm) != NULL; /* mark_oom_victim, mm/oom_kill.c */
	SUBMIT(e);
	return 0;
}

static __always_inline int process_exit(struct task_struct *task)
{
	return UNLIKELY(may_be_watched(task)) ? process_exit_slow(UNTRUSTED(task)) : 0;
}

static __noinline int process_rename_slow(struct task_struct *task, const char *name)
{
	struct watched *w = watched_get(task);
	struct event_rename *e;
	__u64 words[2] = {};
	__u64 id;

	if (!w)
		return 0;
	id = bpf_get_current_pid_tgid();
	if (id >> 32 != (__u32)id || READ(task, pid) != (int)id)
		return 0;
	bpf_probe_read_kernel_str(words, sizeof(words), name);
	if (done_by_twin(EVENT_RENAME, words[0] ^ words[1]))
		return 0;
	e = RESERVE(event_rename, EVENT_RENAME, w->origin);
	if (!e)
		return 0;
	fill_header(&e->h, EVENT_RENAME, w);
	__builtin_memcpy(e->name, words, sizeof(e->name));
	if (is_init_name(e->name))
		w->class = CLASS_INIT;
	SUBMIT(e);
	return 0;
}

static __always_inline int process_rename(struct task_struct *task, const char *name)
{
	if (!renamed_by_exec(task) && UNLIKELY(may_be_watched(task)))
		return process_rename_slow(UNTRUSTED(task), name);
	return 0;
}

/* The class of a process by the name of the file that it executes. */
static __always_inline __u32 class_of_running(struct task_struct *task)
{
	struct scratch *s;
	__u32 number, class;

	s = scratch_acquire(&number, EVENT_EXEC);
	if (!s)
		return CLASS_NONE;
	class = class_of_file(s, number, READ(task, mm, exe_file));
	scratch_release(s);
	return class;
}

/*
 * Watches a process that was started before the exporter, if the name of its
 * file is watched, and writes an event_process.
 */
static __always_inline int process_running(struct seq_file *seq, struct task_struct *task)
{
	struct event_process e = {};
	__u32 class;

	if (READ(task, pid) != READ(task, tgid) ||
	    !READ(task, signal, live.counter))
		return 0;
	class = class_of_running(task);
	if (!class || class == CLASS_PLUGIN) /* of which the environment would have to be read */
		return 0;
	BPF_CORE_READ_STR_INTO(&e.comm, task, comm);
	if (class == CLASS_RUNTIME && is_init_name(e.comm))
		class = CLASS_INIT;
	if (watched_get(task)) /* by an event after the names were set, which reports it */
		return 0;
	e.origin = origin_of(task);
	if (!watched_put(task, class, true, 0, e.origin))
		return 0;
	e.time = bpf_ktime_get_boot_ns();
	e.start_time = READ(task, start_boottime);
	e.pid = shown_pid(task);
	e.parent = shown_pid(READ(task, real_parent));
	fill_namespaces(&e.ns, task);
	bpf_seq_write(seq, &e, sizeof(e));
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *child, __u64 flags)
{
	RUN_TWIN(twin_tracepoints, EVENT_FORK, process_fork(UNTRUSTED(child), flags));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	RUN_TWIN(twin_tracepoints, EVENT_EXIT, process_exit(task));
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(task_rename, struct task_struct *task, const char *name)
{
	RUN_TWIN(twin_tracepoints, EVENT_RENAME, process_rename(task, name));
	return 0;
}

SEC("iter/task")
int running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task) /* the iteration is over */
		return 0;
	return process_running(ctx->meta->seq, UNTRUSTED(task));
}
