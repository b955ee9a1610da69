/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a handler is entered. Each has an entry for every mechanism, of which
 * one is attached:
 *
 *	fentry, fexit        costs nothing until the function is called; the best
 *	kprobe, kretprobe    likewise, but each call of the function costs more
 *	tracepoint           makes every system call of every process slower
 *
 * A system call's function, as __x64_sys_mount, has one argument: the registers
 * that hold the call's. An exit of a fentry is a program for each function
 * that it is attached to; Go makes them of the one here.
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

/* The first so many arguments of a call: a tracepoint's program may read no others. */
#define ARGS_1(get, from) get(from, 0)
#define ARGS_2(get, from) ARGS_1(get, from), get(from, 1)
#define ARGS_3(get, from) ARGS_2(get, from), get(from, 2)
#define ARGS_4(get, from) ARGS_3(get, from), get(from, 3)
#define ARGS_5(get, from) ARGS_4(get, from), get(from, 4)
#define ARG_OF_TRACEPOINT(ctx, n) (ctx)->args[n]
#define ARG_OF_FENTRY(regs, n) (regs)->SYSCALL_##n
#define ARG_OF_KPROBE(regs, n) BPF_CORE_READ(regs, SYSCALL_##n)

#define SYSCALL_ARGS 5

/* Wanted is what watched processes do, whatever it is. */
#define BY_WATCHED(watched, arg, from) (watched)

/*
 * What follows where a system call is wanted: a function of its own, with a
 * stack of its own, so that all else is left by a program of two lines of the
 * cache, which looks at nothing but the filter.
 */
#define SYSCALL_BEGINS(entry, type, from, count, arg, wanted, handler, twin)         \
	static __noinline int entry##_begins(type *from)                               \
	{                                                                              \
		unsigned long a[SYSCALL_ARGS] = {ARGS_##count(arg, from)};             \
		struct watched *w = watched_current();                                       \
                                                                                       \
		return wanted(w, arg, from) ? handler(w, a, twin) : 0;               \
	}

#define ENTERED(entry, from, arg, wanted)                                              \
	({                                                                             \
		if (UNLIKELY(wanted(current_may_be_watched(), arg, from)))             \
			entry##_begins(from);                                          \
	})

/*
 * The entries of a system call with so many arguments, by handler(struct watched *,
 * const unsigned long *, bool twin) of those for which wanted(watched, arg,
 * from) is true: watched says whether the caller is, or may be, and arg(from, n)
 * is an argument. What a handler that is one of a pair may miss is of this kind;
 * EVENT_NONE where it says so itself, or where none is missed.
 */
#define SYSCALL_ENTER(name, count, kind, wanted, handler)                              \
	SYSCALL_BEGINS(fentry_##name, struct pt_regs, regs, count, ARG_OF_FENTRY, wanted, handler, twin_fentry) \
	SEC("fentry/" #name)                                                           \
	int fentry_##name(__u64 *ctx)                                                  \
	{                                                                              \
		struct pt_regs *regs = (void *)ctx[0];                                 \
		RUN_TWIN(twin_fentry, kind, ENTERED(fentry_##name, regs, ARG_OF_FENTRY, wanted)); \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_BEGINS(kprobe_##name, struct pt_regs, regs, count, ARG_OF_KPROBE, wanted, handler, false) \
	SEC("kprobe/" #name)                                                           \
	int kprobe_##name(struct pt_regs *ctx)                                         \
	{                                                                              \
		struct pt_regs *regs = (void *)ctx->FUNCTION_0;                        \
		ENTERED(kprobe_##name, regs, ARG_OF_KPROBE, wanted);                   \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_BEGINS(tp_##name, struct syscall_enter, ctx, count, ARG_OF_TRACEPOINT, wanted, handler, false) \
	SEC("tracepoint/syscalls/sys_enter_" #name)                                    \
	int tp_##name(struct syscall_enter *ctx)                                       \
	{                                                                              \
		ENTERED(tp_##name, ctx, ARG_OF_TRACEPOINT, wanted);                    \
		return 0;                                                              \
	}

/* The exits of one or several system calls, by handler(long). */
#define SYSCALL_EXIT(name, kind, handler)                                              \
	SEC("fexit/" #name)                                                            \
	int fexit_##name(__u64 *ctx)                                                   \
	{                                                                              \
		RUN_TWIN(twin_fentry && kind != EVENT_NONE, kind, handler(ctx[1]));      \
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
		const bool twin = twin_fentry;                                     \
		RUN_TWIN(twin && kind != EVENT_NONE, kind, handler(ctx[0], ctx[1], twin)); \
		return 0;                                                              \
	}                                                                              \
	SEC("kprobe/" #name)                                                           \
	int kprobe_##name(struct pt_regs *ctx)                                         \
	{                                                                              \
		return handler(ctx->FUNCTION_0, ctx->FUNCTION_1, false);               \
	}

/* The exits of a function with so many arguments, by handler(long). */
#define FUNCTION_EXIT(name, count, kind, handler)                                      \
	SEC("fexit/" #name)                                                            \
	int fexit_##name(__u64 *ctx)                                                   \
	{                                                                              \
		RUN_TWIN(twin_fentry && kind != EVENT_NONE, kind, handler(ctx[count]));  \
		return 0;                                                              \
	}                                                                              \
	SEC("kretprobe/" #name)                                                        \
	int kretprobe_##name(struct pt_regs *ctx)                                      \
	{                                                                              \
		return handler(ctx->FUNCTION_RETURNS);                                 \
	}

#endif
