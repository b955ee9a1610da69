/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Programs that are attached twice. On a kernel that preempts, a program may be
 * preempted in the midst, and until it is done the kernel passes over the same
 * program on that CPU (prog->active, kernel/bpf/trampoline.c and
 * kernel/trace/bpf_trace.c). The other of the pair then does the work; where
 * none was passed over, it finds it done.
 */
#ifndef PAIR_H
#define PAIR_H

#include "compat.h"
#include "event.h"
#include "lost.h"

/* Those of fentry and fexit; and, since Linux 7, those of tracepoints. */
const volatile bool paired_fentry = false;
const volatile bool paired_tracepoints = false;

/* What the first of a pair did in a thread, until the second comes. */
struct half {
	__u64 thread;
	__u64 what;
};

/* LRU: the second may not come. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct half);
	__type(value, __u8);
} halves SEC(".maps");

/*
 * Whether the other program on a tracepoint has done this; what is the same
 * for both. They take turns, so that it is done once, whichever of them was
 * passed over and however often the same is done.
 */
static __always_inline bool done_by_other(__u32 kind, __u64 what)
{
	struct half half = {bpf_get_current_pid_tgid(), (__u64)kind << 56 ^ what};
	__u8 one = 1;

	if (!paired_tracepoints)
		return false;
	if (!bpf_map_delete_elem(&halves, &half))
		return true;
	bpf_map_update_elem(&halves, &half, &one, BPF_ANY);
	return false;
}

/* How many programs that tell of a kind are at work on this CPU, all but one preempted. */
struct inside {
	__u32 count[EVENT_KINDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct inside);
} insides SEC(".maps");

struct turn {
	__u32 *inside;
	__u64 preempted; /* how often the thread was, so far */
	bool second;
};

static __always_inline struct turn turn_begin(const __u32 kind)
{
	struct turn turn = {};
	struct inside *inside;
	__u32 zero = 0;

	inside = bpf_map_lookup_elem(&insides, &zero);
	if (!inside)
		return turn;
	turn.inside = &inside->count[kind];
	turn.second = *turn.inside > 0;
	turn.preempted = READ(current_task(), nivcsw);
	__sync_fetch_and_add(turn.inside, 1);
	return turn;
}

/*
 * With both of a pair preempted, a third thread on this CPU may have been told
 * by none. It shows at the end of the one that began while the other was at
 * work, and counts as one event, if not more, or none.
 */
static __always_inline void turn_end(struct turn *turn, const __u32 kind)
{
	if (!turn->inside)
		return;
	__sync_fetch_and_add(turn->inside, -1);
	if (turn->second && turn->preempted != READ(current_task(), nivcsw))
		count_lost(kind);
}

/* Does what a program is for, which may be one of a pair. */
#define TURN(paired, kind, what)                               \
	do {                                                   \
		struct turn turn = {};                         \
		if (paired)                                    \
			turn = turn_begin(kind);               \
		what;                                          \
		turn_end(&turn, kind);                         \
	} while (0)

#endif
