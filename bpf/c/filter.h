/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The first filter, inline and without helpers. Almost every event on the host
 * stops here. All of it lies on one page: most events follow a switch of
 * address spaces, after which each page that is touched costs a walk of the
 * page tables.
 */
#ifndef FILTER_H
#define FILTER_H

#include "compat.h"

/* For what few events are: its code is not placed next, on the same cache line. */
#define UNLIKELY(what) __builtin_expect(what, false)

#define NAME_FILTER_BITS 13
#define PID_FILTER_COUNTERS 1024

struct filter {
	/*
	 * A Bloom filter of the watched names: a bit for each hash of a name's
	 * first eight characters, up to a separator or a digit. Go fills it in.
	 */
	__u8 name_filter[1 << (NAME_FILTER_BITS - 3)];
	/*
	 * A counting filter of the watched processes, by the lowest bits of the
	 * pid. Two counters of 16 bits share a word, as atomic additions need
	 * words: the map in task.h has too few entries for one counter to
	 * overflow into the other.
	 */
	__u32 pid_filter[PID_FILTER_COUNTERS / 2];
	/*
	 * The number of calls in progress that are reported although their
	 * caller is not watched, plus those whose end was missed.
	 */
	__u32 untracked_calls;
};

struct filter filter SEC(".data.filter");

/* Eight characters, with all from the first one on cleared that is a NUL, a dash, a dot or a digit. */
static __always_inline __u64 cut_characters(__u64 characters)
{
	/* of those the two highest bits are clear; the lowest bit that is set is the highest of the first */
	__u64 high = characters & 0xc0c0c0c0c0c0c0c0UL;
	__u64 zeros = (high - 0x0101010101010101UL) & ~high & 0x8080808080808080UL;

	return characters & (((zeros & -zeros) >> 7) - 1); /* all of them if there is none */
}

/*
 * Whether "run" begins in the first of two words of a text, as runc, crun and what is
 * named after them have it: all positions at once.
 */
static __always_inline bool has_run(__u64 low, __u64 high)
{
	__u64 second = low >> 8 | high << 56, third = low >> 16 | high << 48;
	__u64 differ = (low ^ 0x7272727272727272UL) | (second ^ 0x7575757575757575UL) |
		       (third ^ 0x6e6e6e6e6e6e6e6eUL);

	return (differ - 0x0101010101010101UL) & ~differ & 0x8080808080808080UL;
}

/* Whether a watched name may begin with these characters, or with them without a version. */
static __always_inline bool may_match_name(__u64 characters)
{
	__u64 hash = cut_characters(characters) * 0x9e3779b97f4a7c15UL >> (64 - NAME_FILTER_BITS);

	return filter.name_filter[hash / 8] >> hash % 8 & 1;
}

static __always_inline bool may_watch_pid(__u32 pid)
{
	return ((__u16 *)filter.pid_filter)[pid % PID_FILTER_COUNTERS];
}

static __always_inline void pid_filter_add(__u32 pid, __u32 n)
{
	__sync_fetch_and_add(&filter.pid_filter[pid % PID_FILTER_COUNTERS / 2], n << 16 * (pid % 2));
}

#endif
