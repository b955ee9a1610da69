/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A call between its entry and its exit. Its arguments are kept as numbers;
 * the strings behind them are read at the exit, when the kernel has faulted
 * them in. calls.h says where calls are kept.
 */
#ifndef CALL_H
#define CALL_H

#include <linux/types.h>

struct call {
	__u64 begin;
	__u32 kind;         /* 0: the thread is in no call */
	__u32 twin_pending; /* the entry of the other twin is still to come */
	__u32 mnt_ns;       /* unshare, setns: the caller's at the entry */
	__u64 args[5];
	__u64 netns_begin; /* of copy_net_ns, if the call makes a network namespace */
	__u64 netns_duration;
	__u32 base_len; /* pivot_root: see struct event_mount */
	__u8 base;
	__u8 base_truncated;
	__u8 pad[6];
};

#endif
