/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Where calls are kept. A thread is in one at a time: that of a watched
 * process's first thread lies in its struct watched, which the filter has found
 * already; those of all other threads lie in a map.
 */
#ifndef CALLS_H
#define CALLS_H

#include "record.h"

/*
 * An entry is written in place and stays for the next call. LRU: threads end.
 * Containers have a map of their own, so that they evict no call of the host's.
 */
struct calls {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct call);
};

struct calls calls SEC(".maps");
struct calls nested_calls SEC(".maps");

static const struct call no_call;

/* The caller's entry, NULL if it has none; w is its process, NULL if that is not watched. */
static __always_inline struct call *call_get(struct watched *w, __u64 id)
{
	if (w && id >> 32 == (__u32)id)
		return &w->call;
	if (w && w->origin)
		return bpf_map_lookup_elem(&nested_calls, &id);
	return bpf_map_lookup_elem(&calls, &id);
}

/* Makes an entry for the caller, and returns it; NULL if there is no room. */
static __always_inline struct call *call_make(struct watched *w, __u64 id)
{
	if (w && w->origin)
		bpf_map_update_elem(&nested_calls, &id, &no_call, BPF_ANY);
	else
		bpf_map_update_elem(&calls, &id, &no_call, BPF_ANY);
	return call_get(w, id);
}

/* Counts a call that is still open as lost: its exit was missed. */
static __always_inline void call_missed(struct call *call)
{
	/* a fork or an exec that succeeds is reported by another event */
	if (call->kind && call->kind != EVENT_FORK && call->kind != EVENT_EXEC)
		count_lost(call->kind, LOST_RETURN_MISSED);
}

/*
 * Begins a call. Returns NULL if the entry of the other twin has begun it, or
 * if there is no room, which is counted.
 */
static __always_inline struct call *call_begin(struct watched *w, __u32 kind, const bool twin)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *call = call_get(w, id);

	if (!call) {
		call = call_make(w, id);
		if (!call) {
			count_lost(kind, LOST_CALLS_FULL);
			return NULL;
		}
	}
	if (call->twin_pending && call->kind == kind) {
		call->twin_pending = false;
		return NULL;
	}
	call_missed(call);
	call->kind = kind;
	call->twin_pending = twin;
	call->netns_duration = 0;
	call->begin = bpf_ktime_get_boot_ns();
	return call;
}

/* The call that the caller is in, NULL if it is in none. */
static __always_inline struct call *call_current(struct watched *w)
{
	struct call *call = call_get(w, bpf_get_current_pid_tgid());

	return call && call->kind ? call : NULL;
}

static __always_inline void call_end(struct call *call)
{
	call->kind = 0;
}

static __always_inline void fill_call(struct event_header *h, struct call *call, long ret,
				      struct watched *w)
{
	fill_header(h, call->kind, w);
	h->duration = h->time - call->begin;
	h->ret = ret;
}

static __always_inline void fill_netns(struct event_netns *to, struct call *call)
{
	to->begin = call->netns_duration ? call->netns_begin : 0;
	to->duration = call->netns_duration;
}

#endif
