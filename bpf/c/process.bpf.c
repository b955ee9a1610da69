// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Processes: fork, exec, exit, rename, and those that run already. */

#include "call.h"

#define ARGS_MAX 0x4000UL /* arguments and environment together */

/* Since when the child is another's: what the forker is says what the child is. */
static __always_inline __u32 class_of_child(struct task *forker, struct task_struct *task, __u64 flags)
{
	struct pid_namespace *own, *childrens;
	struct pid *pid;

	switch (forker->class) {
	case CLASS_RUNTIME:
		return flags & CLONE_NEWNS ? CLASS_INIT : CLASS_CHILD;
	case CLASS_JOINED:
		return CLASS_INIT;
	case CLASS_INIT:
		/* an init that joined a pid namespace must fork to be in it (crun) */
		pid = BPF_CORE_READ(task, thread_pid);
		own = pid_namespace_of(pid);
		childrens = BPF_CORE_READ(task, nsproxy, pid_ns_for_children);
		return own == childrens ? CLASS_CHILD : CLASS_INIT;
	}
	return CLASS_CHILD;
}

static __always_inline int process_fork(struct task_struct *child, __u64 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event_fork *e;
	struct task *forker;
	struct scratch *s;
	struct call call;

	if (flags & CLONE_THREAD)
		return 0;
	forker = task_current();
	if (forker)
		task_put(child, class_of_child(forker, task, flags), false);
	else if (!(flags & CLONE_NEW_ALL))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_fork);
	fill_header(&e->h, EVENT_FORK);
	e->h.flags = flags;
	e->child = BPF_CORE_READ(child, tgid);
	e->child_born = BPF_CORE_READ(child, start_boottime);
	e->parent = BPF_CORE_READ(child, real_parent, tgid);
	__builtin_memset(&e->ns, 0, sizeof(e->ns));
	if (flags & CLONE_NEW_ALL) {
		fill_namespaces(&e->ns, child);
		if (call_exit(&call) && call.kind == EVENT_FORK)
			e->h.duration = e->h.time - call.begin;
	}
	EMIT(s, event_fork, 0, false);
	return 0;
}

/* The class of a path, which lies in text and is len long, by its last component. */
static __noinline __u32 class_of_path(struct scratch *s, __u64 len)
{
	struct name name = {};
	__u64 from = 0;

	if (!s)
		return CLASS_NONE;
	for (int i = 0; i < NAME_LEN; i++) {
		__u64 at = len - 1 - i;

		if (at >= TEXT_MAX) /* before the beginning */
			break;
		if (s->text[at] == '/') {
			from = at + 1;
			break;
		}
		if (i == NAME_LEN - 1)
			return CLASS_NONE; /* longer than any name */
	}
	if (from >= TEXT_MAX)
		return CLASS_NONE;
	bpf_probe_read_kernel_str(name.text, sizeof(name.text), s->text + from);
	return class_of(&name);
}

/* What a watched process is after an exec of something of class named. */
static __always_inline __u32 class_after_exec(__u32 class, __u32 named)
{
	switch (class) {
	case CLASS_RUNTIME: /* executes a sealed copy of itself */
		return CLASS_RUNTIME;
	case CLASS_INIT: /* the entrypoint */
	case CLASS_JOINED:
		return named;
	}
	return named ? named : class;
}

static __always_inline __u64 put_args(struct scratch *s, struct event_exec *e, __u64 at)
{
	struct mm_struct *mm = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm);
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 args = BPF_CORE_READ(mm, arg_end) - start;
	__u64 all = BPF_CORE_READ(mm, env_end) - start; /* the environment follows */

	/* a read beyond env_end would fail as a whole */
	if (all > ARGS_MAX) {
		all = ARGS_MAX;
		e->truncated = 1;
	}
	if (args > all)
		args = all;
	if (at >= TEXT_MAX)
		return at;
	barrier_var(all);
	if (all > ARGS_MAX)
		return at;
	if (bpf_probe_read_user(s->text + at, all, (void *)start)) {
		e->truncated = 1;
		return at;
	}
	e->args_len = args;
	e->env_len = all - args;
	return at + all;
}

static __always_inline int process_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), named, class;
	struct scratch *s = scratch_get();
	struct task *t = task_current();
	struct event_exec *e;
	__u64 file_len, end;

	if (!s)
		return 0;
	file_len = put_kernel_text(s, 0, BPF_CORE_READ(bprm, filename));
	named = class_of_file(BPF_CORE_READ(bprm, file));
	if (!named)
		named = class_of_path(s, file_len);
	if (!t && !named)
		return 0;
	class = t ? class_after_exec(t->class, named) : named;

	e = RECORD(s, event_exec);
	fill_header(&e->h, EVENT_EXEC);
	e->file_len = file_len;
	e->args_len = 0;
	e->env_len = 0;
	e->truncated = 0;
	end = put_args(s, e, file_len);
	EMIT(s, event_exec, end, class == CLASS_RUNTIME);

	if (class)
		task_put(task, class, true);
	else
		bpf_map_delete_elem(&tasks, &tgid);
	return 0;
}

static __always_inline int process_exec_enter(const char *file)
{
	struct call call = {.kind = EVENT_EXEC, .args = {(__u64)file}};

	if (task_current())
		call_enter(&call);
	return 0;
}

/* An exec that succeeds is told by sched_process_exec, one that does not here. */
static __always_inline int process_exec_exit(long ret)
{
	struct scratch *s;
	struct event_exec *e;
	struct call call;

	if (!call_exit(&call) || call.kind != EVENT_EXEC || ret >= 0)
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_exec);
	fill_call(&e->h, &call, ret);
	e->file_len = put_user_text(s, 0, (void *)call.args[0]);
	e->args_len = 0;
	e->env_len = 0;
	e->truncated = 0;
	EMIT(s, event_exec, e->file_len, false);
	return 0;
}

static __always_inline int process_exit(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct event_exit *e;
	struct scratch *s;

	if (BPF_CORE_READ(signal, live.counter) || !task_current())
		return 0;
	/* threads that exit together all see that none lives: the first to delete tells */
	if (bpf_map_delete_elem(&tasks, &tgid))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_exit);
	fill_header(&e->h, EVENT_EXIT);
	/* as wait_task_zombie has it, kernel/exit.c */
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		e->status = BPF_CORE_READ(signal, group_exit_code);
	else
		e->status = BPF_CORE_READ(task, group_leader, exit_code);
	e->pad = 0;
	EMIT(s, event_exit, 0, false);
	return 0;
}

static __always_inline int process_rename(struct task_struct *task, const char *name)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct task *t = task_current();
	struct event_rename *e;
	struct scratch *s;

	if (!t || id >> 32 != (__u32)id || BPF_CORE_READ(task, pid) != (int)id || renamed_by_exec(task))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_rename);
	fill_header(&e->h, EVENT_RENAME);
	__builtin_memset(e->name, 0, sizeof(e->name));
	bpf_probe_read_kernel_str(e->name, sizeof(e->name), name);
	if (is_init_name(e->name))
		t->class = CLASS_INIT;
	EMIT(s, event_rename, 0, false);
	return 0;
}

/* Writes no scratch: an iterator may be preempted. */
static __always_inline int process_running(struct seq_file *seq, struct task_struct *task)
{
	struct event_process e = {};
	__u32 class;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid) ||
	    !BPF_CORE_READ(task, signal, live.counter))
		return 0;
	class = class_of_file(BPF_CORE_READ(task, mm, exe_file));
	if (!class)
		return 0;
	BPF_CORE_READ_STR_INTO(&e.comm, task, comm);
	if (class == CLASS_RUNTIME && is_init_name(e.comm))
		class = CLASS_INIT;
	if (!task_get(task))
		task_put(task, class, true);
	e.time = bpf_ktime_get_boot_ns();
	e.born = BPF_CORE_READ(task, start_boottime);
	e.pid = BPF_CORE_READ(task, tgid);
	e.parent = BPF_CORE_READ(task, real_parent, tgid);
	fill_namespaces(&e.ns, task);
	bpf_seq_write(seq, &e, sizeof(e));
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *child, __u64 flags)
{
	return process_fork(child, flags);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return process_exec(task, bprm);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	return process_exit(task);
}

SEC("tp_btf/task_rename")
int BPF_PROG(task_rename, struct task_struct *task, const char *name)
{
	return process_rename(task, name);
}

SEC("tracepoint/syscalls/sys_enter_execve")
int execve_enter(struct syscall_enter *ctx)
{
	return process_exec_enter((void *)ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_enter_execveat")
int execveat_enter(struct syscall_enter *ctx)
{
	return process_exec_enter((void *)ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int exec_exit(struct syscall_exit *ctx)
{
	return process_exec_exit(ctx->ret);
}

SEC("iter/task")
int running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task) /* the end */
		return 0;
	return process_running(ctx->meta->seq, task);
}
