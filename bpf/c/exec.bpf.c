// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Exec: the file that a process executed, and the class of the process from then on. */

#include "calls.h"
#include "container.h"
#include "entry.h"
#include "environment.h"
#include "executable.h"

#define ARGS_MAX 0x3000UL /* with a path before them, they end before TEXT_START */

/* The class of a watched process after it executed a file; named is the class of the file's name. */
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

/* Whether the next program that a process executes is the container's, not the host's. */
static __always_inline bool is_entrypoint(struct watched *w)
{
	return w->class == CLASS_INIT || w->class == CLASS_JOINED;
}

/* Appends the arguments; returns the offset after them. */
static __always_inline __u64 put_args(struct scratch *s, struct event_exec *e, struct mm_struct *mm, __u64 at)
{
	__u64 start = READ(mm, arg_start);
	__u64 args = READ(mm, arg_end) - start;

	if (args > ARGS_MAX) {
		args = ARGS_MAX;
		e->args_cut = 1;
	}
	if (at >= TEXT_MAX)
		return at;
	barrier_var(args);
	if (args > ARGS_MAX)
		return at;
	if (bpf_probe_read_user(s->text + at, args, (void *)start)) {
		e->args_cut = 1;
		return at;
	}
	e->args_len = args;
	return at + args;
}

/* Appends the arguments and the wanted variables; returns the offset after them. */
static __always_inline __u64 put_args_and_environment(struct scratch *s, __u32 number, struct event_exec *e,
						      __u64 at)
{
	struct mm_struct *mm = READ(current_task(), mm);
	__u64 end;

	at = put_args(s, e, mm, at);
	end = put_environment(s, number, mm, at);
	e->env_len = end - at;
	e->env_cut = s->environment.state == ENV_CUT;
	return end;
}

/*
 * Emits the exec if the process is watched or the file is, and sets *reported;
 * returns the class of the process after it. The file of a CNI plugin is
 * watched only if its environment has a plugin's command: anything may have
 * such a name.
 */
static __always_inline __u32 emit_exec(struct scratch *s, __u32 number, struct watched *w,
				       struct linux_binprm *bprm, const struct exec_filter *may,
				       bool *reported)
{
	__u64 file_len = put_kernel_text(s, 0, READ(bprm, filename)), end;
	struct event_exec *e = RECORD(s, event_exec);
	__u32 named = class_of_exec(s, number, bprm, file_len, may), class;

	*reported = w || named;
	if (!*reported)
		return CLASS_NONE;
	if (!w && in_node && origin_of(current_task()) == OUTSIDE) { /* its arguments are not even read */
		count_outside(EVENT_EXEC);
		*reported = false;
		return CLASS_NONE;
	}
	class = w ? class_after_exec(w, named) : named;
	fill_header(&e->h, EVENT_EXEC, w);
	if (w) /* the other threads have exited by now: de_thread, fs/exec.c */
		add_exited_cost(&e->h.cost, &w->exited_cost);
	e->file_len = file_len;
	e->args_len = 0;
	e->env_len = 0;
	e->args_cut = 0;
	e->env_cut = 0;
	__builtin_memset(e->exe, 0, sizeof(e->exe));
	bpf_probe_read_kernel_str(e->exe, sizeof(e->exe), READ(bprm, file, f_path.dentry, d_name.name));
	end = put_args_and_environment(s, number, e, file_len);
	if (named == CLASS_PLUGIN) {
		named = s->environment.plugin ? CLASS_ENGINE : CLASS_NONE;
		if (w) {
			class = class_after_exec(w, named);
		} else if (named) {
			class = named;
		} else {
			*reported = false;
			return CLASS_NONE;
		}
	}
	e->last = !class;
	EMIT(s, event_exec, end, class == CLASS_RUNTIME || class == CLASS_SHIM);
	return class;
}

static __noinline int process_exec_slow(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_filter may = {
		.by_path = may_match_path(task),
		.by_file = may_match_file(bprm),
		.by_directory = in_plugin_directory(bprm),
	};
	struct watched *w = watched_get(task);
	struct scratch *s;
	__u32 number, class, tgid;
	bool reported = false;

	if (!w && !may.by_path && !may.by_file && !may.by_directory)
		return 0;
	if (done_by_twin(EVENT_EXEC, 0))
		return 0;
	tgid = READ(task, tgid);
	s = scratch_acquire(&number, EVENT_EXEC);
	if (!s)
		return 0;
	class = emit_exec(s, number, w, bprm, &may, &reported);
	scratch_release(s);
	if (!reported)
		return 0;

	if (w && w->class == CLASS_INIT)
		container_started(task);
	if (!class) {
		if (w)
			watched_delete(tgid, w->origin);
	} else if (!w) {
		watched_put(task, class, true, 1, origin_of(task));
	} else if (is_entrypoint(w)) {
		/* a container's own from now on */
		watched_delete(tgid, w->origin);
		watched_put(task, class, true, 1, origin_of(task));
	} else {
		call_end(&w->call);
		w->class = class;
		w->executed = true;
		w->threads = 1;
	}
	return 0;
}

static __always_inline int process_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	if (UNLIKELY(may_be_watched(task)) || UNLIKELY(may_match_path(task)) || UNLIKELY(may_match_file(bprm)) || UNLIKELY(in_plugin_directory(bprm)))
		return process_exec_slow(UNTRUSTED(task), bprm);
	return 0;
}

static __always_inline int begin_exec(struct watched *w, unsigned long file, const bool twin)
{
	struct call *call = call_begin(w, EVENT_EXEC, twin);

	if (call)
		call->args[0] = file;
	return 0;
}

static __always_inline void emit_failed_exec(struct watched *w, struct call *call, long ret)
{
	struct event_exec *e;
	struct scratch *s;
	__u32 number;

	s = scratch_acquire(&number, EVENT_EXEC);
	if (!s)
		return;
	e = RECORD(s, event_exec);
	fill_call(&e->h, call, ret, w);
	e->file_len = put_user_text(s, 0, (void *)call->args[0]);
	e->args_len = 0;
	e->env_len = 0;
	e->args_cut = 0;
	e->env_cut = 0;
	e->last = 0;
	__builtin_memset(e->exe, 0, sizeof(e->exe));
	EMIT(s, event_exec, e->file_len, false);
	scratch_release(s);
}

static __noinline int exec_exit_slow(long ret)
{
	struct watched *w = watched_current();
	struct call *call;

	if (!w)
		return 0;
	call = call_current(w);
	if (!call || call->kind != EVENT_EXEC)
		return 0;
	emit_failed_exec(w, call, ret);
	call_end(call);
	return 0;
}

/* sched_process_exec reports an exec that succeeds, this reports one that fails. */
static __always_inline int exec_exit(long ret)
{
	return ret < 0 && UNLIKELY(current_may_be_watched()) ? exec_exit_slow(ret) : 0;
}

static __always_inline int begin_execve(struct watched *w, const unsigned long *args, const bool twin)
{
	return begin_exec(w, args[0], twin);
}

static __always_inline int begin_execveat(struct watched *w, const unsigned long *args, const bool twin)
{
	return begin_exec(w, args[1], twin);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	RUN_TWIN(twin_tracepoints, EVENT_EXEC, process_exec(task, UNTRUSTED(bprm)));
	return 0;
}

SYSCALL_ENTER(execve, 1, EVENT_EXEC, BY_WATCHED, begin_execve)
SYSCALL_ENTER(execveat, 2, EVENT_EXEC, BY_WATCHED, begin_execveat)
SYSCALL_EXIT(exec, EVENT_NONE, exec_exit)
