/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The environment of an exec: only the wanted variables are recorded, wherever
 * they are in it. It is read string by string, of which a long one takes
 * several reads. The strings are walked in two nested loops, as there is no
 * bpf_loop before 5.17; the inner one is a function that the verifier checks
 * once.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "path.h"

#define ENV_STEPS 64  /* reads of one call of walk_environment */
#define ENV_CALLS 512 /* 32,768 reads: all of 2 MiB in strings of 64 bytes, or longer ones */

#define WANTED_VARIABLES 16

/*
 * The first eight characters of each wanted variable, with its '=' if that is
 * one of them; the rest is 0. Go sets it, and leaves out what only begins alike.
 * The first variable is that by which a CNI plugin is recognised. Not a
 * constant: numbers of 64 bits cannot be folded into the code.
 */
__u64 wanted_variables[WANTED_VARIABLES] SEC(".data.environment");

static __always_inline bool is_wanted_variable(const char *text)
{
	__u64 characters = *(const __u64 *)text;

	for (int i = 0; i < WANTED_VARIABLES; i++) {
		__u64 wanted = wanted_variables[i];

		if (!wanted)
			break;
		if (characters == wanted)
			return true;
	}
	return false;
}

/* Drops the variable that is being copied: the beginning of a value could be taken for a value. */
static __always_inline int cut_environment(volatile struct environment *e)
{
	if (e->in_string && e->wanted)
		e->at = e->begin;
	e->state = ENV_CUT;
	return ENV_CUT;
}

/*
 * Reads the next strings of the environment; returns its enum
 * environment_state. The state of the walk is in memory, so that every
 * iteration looks to the verifier like the one before.
 */
__attribute__((noinline)) int walk_environment(__u32 number)
{
	struct scratch *s = scratch_get(number);
	volatile struct environment *e;

	if (!s)
		return ENV_CUT;
	e = &s->environment;
	for (int i = 0; i < ENV_STEPS; i++) {
		__u64 at = e->at, next = e->next;
		long n;

		if (next >= e->end) {
			e->state = ENV_READ;
			return ENV_READ;
		}
		barrier_var(at);
		if (at >= TEXT_START)
			return cut_environment(e);
		n = bpf_probe_read_user_str(s->text + at, TEXT_MAX, (void *)next);
		if (n == 0) /* 5.10 returns 0 for an empty string, 6.18 returns 1 */
			n = 1;
		if (n < 0 || n > (long)TEXT_MAX)
			return cut_environment(e);
		if (!e->in_string) {
			e->begin = at;
			e->wanted = is_wanted_variable(s->text + at);
			if (*(const __u64 *)(s->text + at) == wanted_variables[0])
				e->plugin = true;
		}
		/* the last byte is a NUL of the helper, not of the string; if of both, "" is left */
		e->in_string = n == TEXT_MAX;
		if (n == TEXT_MAX)
			n--;
		e->next = next + n;
		if (e->wanted)
			e->at = at + n;
	}
	return ENV_WALKING;
}

/* Appends the wanted variables at offset at, each with its NUL; returns the offset after them. */
static __always_inline __u64 put_environment(struct scratch *s, __u32 number, struct mm_struct *mm, __u64 at)
{
	struct environment *e = &s->environment;

	e->next = READ(mm, env_start);
	e->end = READ(mm, env_end);
	e->at = at;
	e->in_string = false;
	e->plugin = false;
	e->state = ENV_WALKING;
	for (int i = 0; i < ENV_CALLS; i++) {
		if (walk_environment(number) != ENV_WALKING)
			break;
	}
	if (e->state == ENV_WALKING)
		cut_environment(e);
	return e->at;
}

#endif
