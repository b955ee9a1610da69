// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Namespaces: those that clone and unshare make on the whole host, and those that setns joins. */

#include "calls.h"
#include "container.h"
#include "entry.h"

/* Records when the call began; task_newtask reports the fork. */
static __noinline int clone_enter_slow(void)
{
	call_begin(watched_current(), EVENT_FORK, false);
	return 0;
}

static __always_inline int clone_enter(__u64 flags)
{
	return UNLIKELY(flags & CLONE_NEW_ALL) ? clone_enter_slow() : 0;
}

static __always_inline int begin_namespace_call(struct watched *w, __u32 kind, __u64 flags,
						const bool twin)
{
	struct call *call = call_begin(w, kind, twin);

	if (!call)
		return 0;
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, 1);
	call->args[0] = flags;
	call->mnt_ns = READ(current_task(), nsproxy, mnt_ns, ns.inum);
	return 0;
}

/*
 * `crun exec` forks a child that joins the container and forks the process that
 * executes the command. The child has executed nothing since its fork; an OCI
 * hook that joins the container has.
 */
static __always_inline void joined(struct watched *w)
{
	if (w && (w->class == CLASS_RUNTIME || w->class == CLASS_SHIM) && !w->executed)
		w->class = CLASS_JOINED;
}

static __noinline int namespace_exit_slow(long ret)
{
	struct watched *w = watched_current();
	struct event_namespace *e;
	struct call *call;
	__u32 kind;

	if (!w && !filter.untracked_calls)
		return 0;
	call = call_current(w);
	if (!call || (call->kind != EVENT_UNSHARE && call->kind != EVENT_SETNS))
		return 0;
	kind = call->kind;
	e = RESERVE(event_namespace, kind, current_origin(w));
	if (e) {
		fill_call(&e->h, call, ret, w);
		e->h.flags = call->args[0];
		fill_namespaces(&e->ns, current_task());
		fill_netns(&e->netns, call);
		if (kind == EVENT_SETNS && e->ns.mnt != call->mnt_ns)
			joined(w);
		if (kind == EVENT_UNSHARE && e->ns.mnt != call->mnt_ns) {
			e->h.flags |= CLONE_NEWNS;
			container_made(e->ns.mnt, w);
		}
		SUBMIT(e);
	}
	call_end(call);
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, -1);
	return 0;
}

static __always_inline int namespace_exit(long ret)
{
	return UNLIKELY(current_may_be_watched() || filter.untracked_calls) ? namespace_exit_slow(ret) : 0;
}

/* setns calls the same function without flags, and makes no namespace. */
static __always_inline int namespaces_enter(__u64 flags, __u64 task, const bool twin)
{
	struct watched *w = watched_current();
	struct call *call;

	if (!(flags & CLONE_NEW_ALL))
		return 0;
	call = call_current(w);
	if (!call || call->kind != EVENT_UNSHARE)
		call_begin(w, EVENT_FORK, twin);
	return 0;
}

static __always_inline int netns_enter(__u64 flags, __u64 user_ns, const bool twin)
{
	struct call *call;

	if (!(flags & CLONE_NEWNET))
		return 0;
	call = call_current(watched_current());
	if (call)
		call->netns_begin = bpf_ktime_get_boot_ns();
	return 0;
}

/* Without CLONE_NEWNET copy_net_ns only increments a reference count: netns_begin is not set. */
static __always_inline int netns_exit(long ret)
{
	struct call *call = call_current(watched_current());

	if (call && call->netns_begin > call->begin && !call->netns_duration)
		call->netns_duration = bpf_ktime_get_boot_ns() - call->netns_begin;
	return 0;
}

#define BY_WATCHED_OR_MAKES_NAMESPACE(watched, arg, from) \
	(watched || arg(from, 0) & (CLONE_NEW_ALL | UNSHARE_EMPTY_MNTNS))

static __always_inline int begin_unshare(struct watched *w, const unsigned long *args, const bool twin)
{
	return begin_namespace_call(w, EVENT_UNSHARE, args[0], twin);
}

static __always_inline int begin_setns(struct watched *w, const unsigned long *args, const bool twin)
{
	return begin_namespace_call(w, EVENT_SETNS, args[1], twin);
}

SYSCALL_ENTER(unshare, 1, EVENT_UNSHARE, BY_WATCHED_OR_MAKES_NAMESPACE, begin_unshare)
SYSCALL_ENTER(setns, 2, EVENT_SETNS, BY_WATCHED, begin_setns)
SYSCALL_EXIT(namespace, EVENT_NONE, namespace_exit)

/* Every fork calls clone, but create_new_namespaces is called only for new namespaces. */
FUNCTION_ENTER(create_new_namespaces, EVENT_FORK, namespaces_enter)
FUNCTION_ENTER(copy_net_ns, EVENT_NONE, netns_enter)
FUNCTION_EXIT(copy_net_ns, 3, EVENT_NONE, netns_exit)

SEC("tracepoint/syscalls/sys_enter_clone")
int tp_clone(struct syscall_enter *ctx)
{
	return clone_enter(ctx->args[0] & ~CSIGNAL);
}

SEC("tracepoint/syscalls/sys_enter_clone3")
int tp_clone3(struct syscall_enter *ctx)
{
	__u64 flags = 0; /* the first field of struct clone_args */

	bpf_probe_read_user(&flags, sizeof(flags), (void *)ctx->args[0]);
	return clone_enter(flags);
}
