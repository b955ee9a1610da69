/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The entries of a handler: the programs that call it, one for each mechanism,
 * of which one is attached:
 *
 *	fentry, fexit        costs nothing until the function is called; the best
 *	kprobe, kretprobe    likewise, but each call of the function costs more
 *	tracepoint           makes every system call of every process slower
 *
 * Names are the same in every file:
 *
 *	X_enter, X_exit             the filter, inlined into each program (of a
 *	                            tracepoint: process_fork, cgroup_change, ...)
 *	X_enter_slow, X_exit_slow   the slow path of that filter: a function with a
 *	                            stack of its own, so that the program fits in
 *	                            two cache lines
 *	begin_X                     a handler of SYSCALL_ENTER, which makes the
 *	                            filter itself: it runs in the slow path
 *
 * A function that is seldom called has no slow path: X_enter does everything.
 *
 * The function of a system call, such as __x64_sys_mount, has one argument: the
 * registers that hold the call's arguments. fexit needs one program for each
 * function that it is attached to; Go makes them from the one here.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "compat.h"
#include "twin.h"

#if defined(__TARGET_ARCH_x86)
#define FUNCTION_0 di
#define FUNCTION_1 si
#define FUNCTION_RETURNS ax
#define SYSCALL_0 di
#define SYSCALL_1 si
#define SYSCALL_2 dx
#define SYSCALL_3 r10
#define SYSCALL_4 r8
#elif defined(__TARGET_ARCH_arm64)
#define FUNCTION_0 regs[0]
#define FUNCTION_1 regs[1]
#define FUNCTION_RETURNS regs[0]
#define SYSCALL_0 regs[0]
#define SYSCALL_1 regs[1]
#define SYSCALL_2 regs[2]
#define SYSCALL_3 regs[3]
#define SYSCALL_4 regs[4]
#endif

/* The first so many arguments of a call: the program of a tracepoint may read no more than it has. */
#define ARGS_1(get, from) get(from, 0)
#define ARGS_2(get, from) ARGS_1(get, from), get(from, 1)
#define ARGS_3(get, from) ARGS_2(get, from), get(from, 2)
#define ARGS_4(get, from) ARGS_3(get, from), get(from, 3)
#define ARGS_5(get, from) ARGS_4(get, from), get(from, 4)
#define ARG_OF_TRACEPOINT(ctx, n) (ctx)->args[n]
#define ARG_OF_FENTRY(regs, n) (regs)->SYSCALL_##n
#define ARG_OF_KPROBE(regs, n) BPF_CORE_READ(regs, SYSCALL_##n)

#define SYSCALL_ARGS 5

/* Calls of watched processes are wanted, whatever their arguments. */
#define BY_WATCHED(watched, arg, from) (watched)

/* The slow path of an entry. */
#define SYSCALL_SLOW(entry, type, from, count, arg, wanted, handler, twin)             \
	static __noinline int entry##_slow(type *from)                                 \
	{                                                                              \
		unsigned long args[SYSCALL_ARGS] = {ARGS_##count(arg, from)};          \
		struct watched *w = watched_current();                                 \
                                                                                       \
		return wanted(w, arg, from) ? handler(w, args, twin) : 0;              \
	}

/* The filter of an entry: it looks at nothing but what may be wanted. */
#define SYSCALL_FILTER(entry, from, arg, wanted)                                       \
	({                                                                             \
		if (UNLIKELY(wanted(current_may_be_watched(), arg, from)))             \
			entry##_slow(from);                                            \
	})

/*
 * The entries of a system call with count arguments. They call
 *
 *	handler(struct watched *, const unsigned long *args, bool twin)
 *
 * if wanted(watched, arg, from) is true: watched says whether the caller is, or
 * in the filter may be, watched, and arg(from, n) is an argument of the call.
 * kind is that of the events that twins may miss; EVENT_NONE if the handler
 * counts them itself, or misses none.
 *
 * SYSCALL_ENTER(umount, 2, EVENT_UMOUNT, BY_WATCHED, begin_umount) expands to,
 * for fentry on x86:
 *
 *	static __noinline int fentry_umount_slow(struct pt_regs *regs)
 *	{
 *		unsigned long args[SYSCALL_ARGS] = {regs->di, regs->si};
 *		struct watched *w = watched_current();
 *
 *		return w ? begin_umount(w, args, twin_fentry) : 0;
 *	}
 *
 *	SEC("fentry/umount")
 *	int fentry_umount(__u64 *ctx)
 *	{
 *		struct pt_regs *regs = (void *)ctx[0];
 *		struct guard guard = {};
 *
 *		if (twin_fentry)
 *			guard = guard_begin(EVENT_UMOUNT);
 *		if (UNLIKELY(current_may_be_watched()))
 *			fentry_umount_slow(regs);
 *		guard_end(&guard, EVENT_UMOUNT);
 *		return 0;
 *	}
 */
#define SYSCALL_ENTER(name, count, kind, wanted, handler)                              \
	SYSCALL_SLOW(fentry_##name, struct pt_regs, regs, count, ARG_OF_FENTRY, wanted, handler, twin_fentry) \
	SEC("fentry/" #name)                                                           \
	int fentry_##name(__u64 *ctx)                                                  \
	{                                                                              \
		struct pt_regs *regs = (void *)ctx[0];                                 \
		RUN_TWIN(twin_fentry, kind, SYSCALL_FILTER(fentry_##name, regs, ARG_OF_FENTRY, wanted)); \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_SLOW(kprobe_##name, struct pt_regs, regs, count, ARG_OF_KPROBE, wanted, handler, false) \
	SEC("kprobe/" #name)                                                           \
	int kprobe_##name(struct pt_regs *ctx)                                         \
	{                                                                              \
		struct pt_regs *regs = (void *)ctx->FUNCTION_0;                        \
		SYSCALL_FILTER(kprobe_##name, regs, ARG_OF_KPROBE, wanted);            \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_SLOW(tp_##name, struct syscall_enter, ctx, count, ARG_OF_TRACEPOINT, wanted, handler, false) \
	SEC("tracepoint/syscalls/sys_enter_" #name)                                    \
	int tp_##name(struct syscall_enter *ctx)                                       \
	{                                                                              \
		SYSCALL_FILTER(tp_##name, ctx, ARG_OF_TRACEPOINT, wanted);             \
		return 0;                                                              \
	}

/* The exits of one or several system calls, by handler(long result). */
#define SYSCALL_EXIT(name, kind, handler)                                              \
	SEC("fexit/" #name)                                                            \
	int fexit_##name(__u64 *ctx)                                                   \
	{                                                                              \
		RUN_TWIN(twin_fentry && kind != EVENT_NONE, kind, handler(ctx[1]));    \
		return 0;                                                              \
	}                                                                              \
	SEC("kretprobe/" #name)                                                        \
	int kretprobe_##name(struct pt_regs *ctx)                                      \
	{                                                                              \
		return handler(ctx->FUNCTION_RETURNS);                                 \
	}                                                                              \
	SEC("tracepoint/syscalls/sys_exit_" #name)                                     \
	int tp_##name##_exit(struct syscall_exit *ctx)                                 \
	{                                                                              \
		return handler(ctx->ret);                                              \
	}

/* The entries of a function, by handler(first argument, second argument, bool twin). */
#define FUNCTION_ENTER(name, kind, handler)                                            \
	SEC("fentry/" #name)                                                           \
	int fentry_##name(__u64 *ctx)                                                  \
	{                                                                              \
		const bool twin = twin_fentry;                                         \
		RUN_TWIN(twin && kind != EVENT_NONE, kind, handler(ctx[0], ctx[1], twin)); \
		return 0;                                                              \
	}                                                                              \
	SEC("kprobe/" #name)                                                           \
	int kprobe_##name(struct pt_regs *ctx)                                         \
	{                                                                              \
		return handler(ctx->FUNCTION_0, ctx->FUNCTION_1, false);               \
	}

/* The exits of a function with count arguments, by handler(long result). */
#define FUNCTION_EXIT(name, count, kind, handler)                                      \
	SEC("fexit/" #name)                                                            \
	int fexit_##name(__u64 *ctx)                                                   \
	{                                                                              \
		RUN_TWIN(twin_fentry && kind != EVENT_NONE, kind, handler(ctx[count])); \
		return 0;                                                              \
	}                                                                              \
	SEC("kretprobe/" #name)                                                        \
	int kretprobe_##name(struct pt_regs *ctx)                                      \
	{                                                                              \
		return handler(ctx->FUNCTION_RETURNS);                                 \
	}

#endif
