/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A system call between its entry and its exit. Its arguments are kept as
 * numbers; the strings behind them are read at the exit, when the kernel has
 * faulted them in.
 */
#ifndef CALL_H
#define CALL_H

#include "record.h"

struct call {
	__u64 begin;
	__u32 kind;
	__u32 mnt_ns; /* setns: where the caller was */
	__u64 args[5];
	__u32 base_len; /* pivot_root: see struct event_mount */
	__u8 base;
	__u8 base_truncated;
	__u8 pad[2];
};

/* A thread is in one call at a time. LRU: one that dies in its call leaves it here. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

static __always_inline void call_enter(struct call *call)
{
	__u64 id = bpf_get_current_pid_tgid();

	call->begin = bpf_ktime_get_boot_ns();
	bpf_map_update_elem(&calls, &id, call, BPF_ANY);
}

/* Takes the caller's call into *call; false where it is none that was entered. */
static __always_inline bool call_exit(struct call *call)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *saved = bpf_map_lookup_elem(&calls, &id);

	if (!saved)
		return false;
	*call = *saved;
	bpf_map_delete_elem(&calls, &id);
	return true;
}

static __always_inline void fill_call(struct event_header *h, struct call *call, long ret)
{
	fill_header(h, call->kind);
	h->duration = h->time - call->begin;
	h->ret = ret;
}

#endif
