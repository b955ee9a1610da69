/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A call between its entry and its exit. Its arguments are kept as numbers;
 * the strings behind them are read at the exit, when the kernel has faulted
 * them in. Where it is kept is in calls.h.
 */
#ifndef CALL_H
#define CALL_H

#include <linux/types.h>

struct call {
	__u64 begin;
	__u32 kind;   /* 0: the thread is in none */
	__u32 twin_pending;  /* the second entry of a pair is to come */
	__u32 mnt_ns; /* unshare, setns: where the caller was */
	__u64 args[5];
	__u64 netns_begin; /* of copy_net_ns, where the call makes a network namespace */
	__u64 netns_duration;
	__u32 base_len; /* pivot_root: see struct event_mount */
	__u8 base;
	__u8 base_truncated;
	__u8 pad[6];
};

#endif
