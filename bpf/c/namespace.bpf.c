// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Namespaces: those made by clone and unshare on the whole host, and those joined. */

#include "call.h"
#include "container.h"

/* The fork itself is told by task_newtask: here is only when the call began. */
static __always_inline int clone_enter(__u64 flags)
{
	struct call call = {.kind = EVENT_FORK};

	if (flags & CLONE_NEW_ALL)
		call_enter(&call);
	return 0;
}

static __always_inline int namespace_enter(__u32 kind, __u64 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct call call = {.kind = kind, .args = {flags}};

	if (!task_current() && (kind != EVENT_UNSHARE || !(flags & CLONE_NEW_ALL)))
		return 0;
	call.mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	call_enter(&call);
	return 0;
}

/*
 * crun exec forks a child, which joins the container and forks what executes
 * the command. It has executed nothing itself: a hook that joins has.
 */
static __always_inline void joined(void)
{
	struct task *t = task_current();

	if (t && t->class == CLASS_RUNTIME && !t->executed)
		t->class = CLASS_JOINED;
}

static __always_inline int namespace_exit(long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event_namespace *e;
	struct scratch *s;
	struct call call;

	if (!call_exit(&call) || (call.kind != EVENT_UNSHARE && call.kind != EVENT_SETNS))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_namespace);
	fill_call(&e->h, &call, ret);
	e->h.flags = call.args[0];
	fill_namespaces(&e->ns, task);
	if (call.kind == EVENT_SETNS && e->ns.mnt != call.mnt_ns)
		joined();
	if (call.kind == EVENT_UNSHARE && e->ns.mnt != call.mnt_ns)
		container_made(e->ns.mnt, task_current());
	EMIT(s, event_namespace, 0, false);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_clone")
int sys_clone_enter(struct syscall_enter *ctx)
{
	return clone_enter(ctx->args[0] & ~CSIGNAL);
}

SEC("tracepoint/syscalls/sys_enter_clone3")
int sys_clone3_enter(struct syscall_enter *ctx)
{
	__u64 flags = 0; /* the first field of struct clone_args */

	bpf_probe_read_user(&flags, sizeof(flags), (void *)ctx->args[0]);
	return clone_enter(flags);
}

SEC("tracepoint/syscalls/sys_enter_unshare")
int sys_unshare_enter(struct syscall_enter *ctx)
{
	return namespace_enter(EVENT_UNSHARE, ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_enter_setns")
int sys_setns_enter(struct syscall_enter *ctx)
{
	return namespace_enter(EVENT_SETNS, ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_unshare")
int sys_namespace_exit(struct syscall_exit *ctx)
{
	return namespace_exit(ctx->ret);
}
