/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Events that were not reported, by kind: those lost, and why, and those left out. */
#ifndef LOST_H
#define LOST_H

#include "compat.h"
#include "event.h"

struct losses {
	__u64 count[EVENT_KINDS][LOST_CAUSES];
	__u64 outside[EVENT_KINDS]; /* not lost, but left out: see origin.h */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* Go reads it without a privilege */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct losses);
} lost SEC(".maps");

static __always_inline void count_lost(__u32 kind, const enum lost_cause cause)
{
	__u32 zero = 0;
	struct losses *l = bpf_map_lookup_elem(&lost, &zero);
	__u64 k = kind;

	barrier_var(k); /* the verifier of 5.10 needs the compared register to be the used one */
	if (l && k < EVENT_KINDS)
		__sync_fetch_and_add(&l->count[k][cause], 1);
}

/* Counts an event of a process outside of the exporter's pid namespace. */
static __always_inline void count_outside(__u32 kind)
{
	__u32 zero = 0;
	struct losses *l = bpf_map_lookup_elem(&lost, &zero);
	__u64 k = kind;

	barrier_var(k); /* as in count_lost */
	if (l && k < EVENT_KINDS)
		__sync_fetch_and_add(&l->outside[k], 1);
}

#endif
