/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is looked at first, and last for nearly all that happens on a host. No
 * helper is called for it, and all of it lies on one page: most events come
 * behind a switch of address spaces, when each page that is touched takes a walk
 * of the page tables.
 */
#ifndef FILTER_H
#define FILTER_H

#include "compat.h"

/* What few events are: it does not come next in the program, on the same line of the cache. */
#define UNLIKELY(what) __builtin_expect(what, false)

#define BEGINNINGS_BITS 13
#define NEAR 1024

struct filter {
	/*
	 * Whether there is a name to be watched, a bit for each hash of its first
	 * eight characters. Go fills it in.
	 */
	__u8 may[1 << (BEGINNINGS_BITS - 3)];
	/*
	 * How many watched processes there are by the lowest bits of the pid. Two
	 * counts of 16 bits share a word, as it is words that are added to: there
	 * are never so many that one runs over into the other (tasks in task.h).
	 */
	__u32 near[NEAR / 2];
	/*
	 * How many calls are under way that are told though their caller is not
	 * watched, and of how many the end was missed.
	 */
	__u32 strangers;
};

struct filter filter SEC(".data.filter");

static __always_inline bool may_begin(__u64 characters)
{
	__u64 hash = characters * 0x9e3779b97f4a7c15UL >> (64 - BEGINNINGS_BITS);

	return filter.may[hash / 8] >> hash % 8 & 1;
}

static __always_inline bool near_by(__u32 pid)
{
	return ((__u16 *)filter.near)[pid % NEAR];
}

static __always_inline void near_add(__u32 pid, __u32 n)
{
	__sync_fetch_and_add(&filter.near[pid % NEAR / 2], n << 16 * (pid % 2));
}

#endif
