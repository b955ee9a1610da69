// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Exec: what a process is from then on, and what it executed. */

#include "calls.h"
#include "container.h"
#include "entry.h"

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
static __always_inline __u32 class_after_exec(struct watched *w, __u32 named)
{
	switch (w->class) {
	case CLASS_RUNTIME:
		if (w->executed) /* a sealed copy of itself */
			return CLASS_RUNTIME;
		return named ? named : CLASS_CHILD;
	case CLASS_INIT: /* the entrypoint */
	case CLASS_JOINED:
		return named;
	}
	return named ? named : w->class;
}

static __always_inline __u64 put_args(struct scratch *s, struct event_exec *e, __u64 at)
{
	struct mm_struct *mm = READ(current_task(), mm);
	__u64 start = READ(mm, arg_start);
	__u64 args = READ(mm, arg_end) - start;
	__u64 all = READ(mm, env_end) - start; /* the environment follows */

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

/* Eight characters without what follows a NUL. */
static __always_inline __u64 cut(__u64 w)
{
	/* the lowest byte that is 0 has its highest bit set here */
	__u64 zeros = (w - 0x0101010101010101UL) & ~w & 0x8080808080808080UL;

	return w & (((zeros & -zeros) >> 7) - 1); /* all of it where there is none */
}

/*
 * The first eight characters of a text of which at least so many bytes can be
 * read: where any address can be, as a struct that begins with so many.
 */
static __always_inline __u64 beginning_of(const void *text)
{
	struct timespec64 *as_time = (void *)text;
	__u64 w = 0;

	if (bpf_rdonly_cast)
		w = CAST(as_time)->tv_sec;
	else
		bpf_probe_read_kernel(&w, sizeof(w), text);
	return cut(w);
}

/* Whether the file that is executed may have a name to be watched. */
static __always_inline bool may_match_file(struct linux_binprm *bprm)
{
	return may_match_name(beginning_of(READ(bprm, file, f_path.dentry, d_name.name)));
}

/*
 * Whether the path that was executed may end in such a name: the kernel has just
 * named the thread after it.
 */
static __always_inline bool may_match_path(struct task_struct *task)
{
	__u64 comm[2];

	READ_COMM(comm, task);
	return may_match_name(cut(comm[0]));
}

static __always_inline __u32 exec_as(struct scratch *s, struct watched *w, struct linux_binprm *bprm,
				     bool by_path, bool by_file, bool *told)
{
	__u64 file_len = put_kernel_text(s, 0, READ(bprm, filename)), end;
	struct event_exec *e = RECORD(s, event_exec);
	__u32 named = CLASS_NONE, class;

	if (by_file)
		named = class_of_file(READ(bprm, file));
	if (!named && by_path)
		named = class_of_path(s, file_len);
	*told = w || named;
	if (!*told)
		return CLASS_NONE;
	class = w ? class_after_exec(w, named) : named;
	fill_header(&e->h, EVENT_EXEC, w);
	if (w) /* the other threads have exited by now: de_thread, fs/exec.c */
		add_exited_cost(&e->h.cost, &w->exited_cost);
	e->file_len = file_len;
	e->args_len = 0;
	e->env_len = 0;
	e->truncated = 0;
	e->last = !class;
	end = put_args(s, e, file_len);
	EMIT(s, event_exec, end, class == CLASS_RUNTIME);
	return class;
}

static __noinline int process_executes(struct task_struct *task, struct linux_binprm *bprm)
{
	bool by_path = may_match_path(task), by_file = may_match_file(bprm);
	struct watched *w = watched_get(task);
	struct scratch *s;
	__u32 number, class, tgid;
	bool told = false;

	if (!w && !by_path && !by_file)
		return 0;
	if (done_by_twin(EVENT_EXEC, 0))
		return 0;
	tgid = READ(task, tgid);
	s = scratch_take(&number, EVENT_EXEC);
	if (!s)
		return 0;
	class = exec_as(s, w, bprm, by_path, by_file, &told);
	scratch_give(s);
	if (!told)
		return 0;

	if (w && w->class == CLASS_INIT)
		container_started(task);
	if (!class) {
		watched_delete(tgid);
	} else if (!w) {
		watched_put(task, class, true, 1);
	} else {
		call_exit(&w->call);
		w->class = class;
		w->executed = true;
		w->threads = 1;
	}
	return 0;
}

static __always_inline int process_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	if (UNLIKELY(may_be_watched(task)) || UNLIKELY(may_match_path(task)) || UNLIKELY(may_match_file(bprm)))
		return process_executes(UNTRUSTED(task), bprm);
	return 0;
}

static __always_inline int exec_enter(struct watched *w, unsigned long file, const bool twin)
{
	struct call *call = call_enter(w, EVENT_EXEC, twin);

	if (call)
		call->args[0] = file;
	return 0;
}

static __always_inline void exec_failed(struct watched *w, struct call *call, long ret)
{
	struct event_exec *e;
	struct scratch *s;
	__u32 number;

	s = scratch_take(&number, EVENT_EXEC);
	if (!s)
		return;
	e = RECORD(s, event_exec);
	fill_call(&e->h, call, ret, w);
	e->file_len = put_user_text(s, 0, (void *)call->args[0]);
	e->args_len = 0;
	e->env_len = 0;
	e->truncated = 0;
	e->last = 0;
	EMIT(s, event_exec, e->file_len, false);
	scratch_give(s);
}

static __noinline int exec_fails(long ret)
{
	struct watched *w = watched_current();
	struct call *call;

	if (!w)
		return 0;
	call = call_current(w);
	if (!call || call->kind != EVENT_EXEC)
		return 0;
	exec_failed(w, call, ret);
	call_exit(call);
	return 0;
}

/* An exec that succeeds is told by sched_process_exec, one that does not here. */
static __always_inline int exec_exit(long ret)
{
	return ret < 0 && UNLIKELY(current_may_be_watched()) ? exec_fails(ret) : 0;
}

static __always_inline int execve_enter(struct watched *w, const unsigned long *a, const bool twin)
{
	return exec_enter(w, a[0], twin);
}

static __always_inline int execveat_enter(struct watched *w, const unsigned long *a, const bool twin)
{
	return exec_enter(w, a[1], twin);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	RUN_TWIN(twin_tracepoints, EVENT_EXEC, process_exec(task, UNTRUSTED(bprm)));
	return 0;
}

SYSCALL_ENTER(execve, 1, EVENT_EXEC, BY_WATCHED, execve_enter)
SYSCALL_ENTER(execveat, 2, EVENT_EXEC, BY_WATCHED, execveat_enter)
SYSCALL_EXIT(exec, EVENT_NONE, exec_exit)
