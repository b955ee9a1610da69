/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Events that were not reported, by kind and cause. */
#ifndef LOST_H
#define LOST_H

#include "compat.h"
#include "event.h"

struct losses {
	__u64 count[EVENT_KINDS][LOST_CAUSES];
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

#endif
