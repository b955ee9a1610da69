/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Twins: one program that is loaded and attached twice. On a preemptible kernel
 * a program may be preempted halfway, and until it returns the kernel skips the
 * same program on that CPU (prog->active, kernel/bpf/trampoline.c and
 * kernel/trace/bpf_trace.c). The other twin then does the work; if neither was
 * skipped, it finds the work done.
 */
#ifndef TWIN_H
#define TWIN_H

#include "compat.h"
#include "event.h"
#include "lost.h"

/* Whether fentry and fexit programs have twins; and, since Linux 7, those of tracepoints. */
const volatile bool twin_fentry = false;
const volatile bool twin_tracepoints = false;

/* Left by the twin that ran first in a thread, until the other one runs. */
struct twin_token {
	__u64 thread;
	__u64 what;
};

/* LRU: the other twin may not run. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct twin_token);
	__type(value, __u8);
} twin_tokens SEC(".maps");

/*
 * Whether the twin on the same tracepoint has done this work; what is the same
 * number for both. They alternate, so that the work is done once, whichever of
 * them was skipped and however often the same work recurs.
 */
static __always_inline bool done_by_twin(__u32 kind, __u64 what)
{
	struct twin_token token = {bpf_get_current_pid_tgid(), (__u64)kind << 56 ^ what};
	__u8 one = 1;

	if (!twin_tracepoints)
		return false;
	if (!bpf_map_delete_elem(&twin_tokens, &token))
		return true;
	bpf_map_update_elem(&twin_tokens, &token, &one, BPF_ANY);
	return false;
}

/* How many programs that report a kind are running on this CPU, all but one of them preempted. */
struct running {
	__u32 count[EVENT_KINDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct running);
} running_programs SEC(".maps");

struct guard {
	__u32 *running;
	__u64 preemptions; /* of the thread, so far */
	bool second;       /* it began while another was running */
};

static __always_inline struct guard guard_begin(const __u32 kind)
{
	struct guard guard = {};
	struct running *running;
	__u32 zero = 0;

	running = bpf_map_lookup_elem(&running_programs, &zero);
	if (!running)
		return guard;
	guard.running = &running->count[kind];
	guard.second = *guard.running > 0;
	guard.preemptions = READ(current_task(), nivcsw);
	__sync_fetch_and_add(guard.running, 1);
	return guard;
}

/*
 * If both twins are preempted, a third thread on this CPU may have been missed
 * by both. The one that began second finds that it was preempted: it counts one
 * lost event, though more may be lost, or none.
 */
static __always_inline void guard_end(struct guard *guard, const __u32 kind)
{
	if (!guard->running)
		return;
	__sync_fetch_and_add(guard->running, -1);
	if (guard->second && guard->preemptions != READ(current_task(), nivcsw))
		count_lost(kind, LOST_PREEMPTED);
}

/* Runs work, guarded if the program is a twin. */
#define RUN_TWIN(twin, kind, work)                             \
	do {                                                   \
		struct guard guard = {};                       \
		if (twin)                                      \
			guard = guard_begin(kind);             \
		work;                                          \
		guard_end(&guard, kind);                       \
	} while (0)

#endif
