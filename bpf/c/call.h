/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A call between its entry and its exit. Its arguments are kept as numbers;
 * the strings behind them are read at the exit, when the kernel has faulted
 * them in.
 */
#ifndef CALL_H
#define CALL_H

#include "record.h"

struct call {
	__u64 begin;
	__u32 kind;   /* 0: the thread is in none */
	__u32 mnt_ns; /* unshare, setns: where the caller was */
	__u64 args[5];
	__u64 netns_begin; /* of copy_net_ns, where the call makes a network namespace */
	__u64 netns_took;
	__u32 base_len; /* pivot_root: see struct event_mount */
	__u8 base;
	__u8 base_truncated;
	__u8 pad[2];
};

/*
 * By thread, which is in one call at a time. A watched one keeps its entry for
 * the next, as to make one costs more than all the rest; call_forget() takes it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

static const struct call no_call;

static __always_inline struct call *call_get(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&calls, &id);
}

/* Begins a call; NULL where there is no room, which is counted. */
static __always_inline struct call *call_enter(__u32 kind)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &id);

	if (!call) {
		bpf_map_update_elem(&calls, &id, &no_call, BPF_NOEXIST);
		call = bpf_map_lookup_elem(&calls, &id);
		if (!call) {
			count_lost(kind);
			return NULL;
		}
	} else if (call->kind && call->kind != EVENT_FORK) {
		count_lost(call->kind); /* its exit was missed; that of a failed fork is none */
	}
	call->kind = kind;
	call->netns_took = 0;
	call->begin = bpf_ktime_get_boot_ns();
	return call;
}

/* The caller's call, where it is in one. */
static __always_inline struct call *call_current(void)
{
	struct call *call = call_get();

	return call && call->kind ? call : NULL;
}

/* Takes a thread's call away, whatever it is. */
static __always_inline void call_forget(__u64 id)
{
	/* a lookup takes no lock */
	if (bpf_map_lookup_elem(&calls, &id))
		bpf_map_delete_elem(&calls, &id);
}

/* Ends the call. One that is not watched may never come again. */
static __always_inline void call_exit(struct call *call, bool watched)
{
	call->kind = 0;
	if (!watched)
		call_forget(bpf_get_current_pid_tgid());
}

static __always_inline void fill_call(struct event_header *h, struct call *call, long ret)
{
	fill_header(h, call->kind);
	h->duration = h->time - call->begin;
	h->ret = ret;
}

static __always_inline void fill_netns(struct event_netns *to, struct call *call)
{
	to->begin = call->netns_took ? call->netns_begin : 0;
	to->took = call->netns_took;
}

#endif
