// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Exec: what a process is from then on, and what it executed. */

#include "call.h"
#include "container.h"

#define ARGS_MAX 0x4000UL /* arguments and environment together */

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
static __always_inline __u32 class_after_exec(struct task *t, __u32 named)
{
	switch (t->class) {
	case CLASS_RUNTIME:
		if (t->executed) /* a sealed copy of itself */
			return CLASS_RUNTIME;
		return named ? named : CLASS_CHILD;
	case CLASS_INIT: /* the entrypoint */
	case CLASS_JOINED:
		return named;
	}
	return named ? named : t->class;
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
	class = t ? class_after_exec(t, named) : named;

	e = RECORD(s, event_exec);
	fill_header(&e->h, EVENT_EXEC);
	if (t) /* the other threads have exited by now: de_thread, fs/exec.c */
		cost_whole(&e->h.cost, &t->ended);
	e->file_len = file_len;
	e->args_len = 0;
	e->env_len = 0;
	e->truncated = 0;
	e->last = !class;
	end = put_args(s, e, file_len);
	EMIT(s, event_exec, end, class == CLASS_RUNTIME);

	if (t && t->class == CLASS_INIT)
		container_started(task);
	if (!class) {
		bpf_map_delete_elem(&tasks, &tgid);
	} else if (!t) {
		task_put(task, class, true, 1);
	} else {
		t->class = class;
		t->executed = true;
		t->threads = 1;
	}
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
	e->last = 0;
	EMIT(s, event_exec, e->file_len, false);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return process_exec(task, bprm);
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
