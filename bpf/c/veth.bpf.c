// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* veth pairs: those created and deleted on the whole host, by the kernel's functions. */

#include "calls.h"
#include "entry.h"

struct veth_pair {
	__u64 begin;
	__u64 rtnl_wait; /* see struct event_veth */
	__u64 device;
	struct event_veth_end ends[2]; /* the index of the second is 0 if there is none */
};

/* The pair that a thread is creating or deleting, by thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, struct veth_pair);
} veth_pairs SEC(".maps");

static __always_inline void fill_end(struct event_veth_end *end, struct net_device *device)
{
	end->net_ns = LOAD(device, nd_net.net, ns.inum);
	end->index = LOAD(device, ifindex);
	BPF_CORE_READ_STR_INTO(&end->name, device, name);
}

/*
 * The other end, NULL if there is none: the first field of struct veth_priv,
 * which follows the device at the next multiple of 32 (netdev_priv). A device
 * with other operations is not a veth.
 */
static __always_inline struct net_device *peer_of(struct net_device *device)
{
	void *priv = (void *)device + ((bpf_core_type_size(struct net_device) + 31) & ~31UL);
	struct net_device *peer = NULL;

	bpf_probe_read_kernel(&peer, sizeof(peer), priv);
	if (!peer || LOAD(peer, netdev_ops) != LOAD(device, netdev_ops))
		return NULL;
	return peer;
}

static __always_inline void fill_ends(struct event_veth_end ends[2], struct net_device *device)
{
	struct net_device *peer = peer_of(device);

	fill_end(&ends[0], device);
	if (peer)
		fill_end(&ends[1], peer);
}

static __always_inline int newlink_enter(struct net_device *device)
{
	struct veth_pair pair = {.begin = bpf_ktime_get_boot_ns(), .device = (__u64)device};
	struct call *call = call_current(watched_current());
	__u64 id = bpf_get_current_pid_tgid();

	/* only the request of a watched process is known */
	if (call && call->kind == EVENT_NETLINK)
		pair.rtnl_wait = pair.begin - call->begin;
	bpf_map_update_elem(&veth_pairs, &id, &pair, BPF_ANY);
	return 0;
}

/*
 * The kernel calls it for both ends, also when their namespaces end: at the
 * second call there is no peer any more.
 */
static __always_inline int dellink_enter(__u64 device, __u64 list, const bool twin)
{
	struct veth_pair pair = {.begin = bpf_ktime_get_boot_ns()};
	__u64 id = bpf_get_current_pid_tgid();

	fill_ends(pair.ends, (void *)device);
	if (pair.ends[1].index)
		bpf_map_update_elem(&veth_pairs, &id, &pair, BPF_ANY);
	return 0;
}

/*
 * The origin of a change to a pair. When a network namespace ends, a thread of
 * the kernel deletes its pairs, whosever they are. The exporter knows those of
 * its own node.
 */
static __always_inline __u32 origin_of_change(__u32 kind)
{
	struct task_struct *task = current_task();
	__u32 origin = origin_of(task);

	if (origin == OUTSIDE && kind == EVENT_VETH_DELLINK && READ(task, flags) & PF_KTHREAD)
		return 0;
	return origin;
}

static __always_inline int veth_exit(__u32 kind, long ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct veth_pair *pair = bpf_map_lookup_elem(&veth_pairs, &id);
	struct event_veth *e;

	if (!pair)
		return 0;
	e = RESERVE(event_veth, kind, origin_of_change(kind));
	if (e) {
		fill_header(&e->h, kind, NULL);
		if (!e->h.pid) /* a thread of the kernel: the pair's */
			e->h.origin = 0;
		e->h.duration = e->h.time - pair->begin;
		e->h.ret = ret;
		e->rtnl_wait = pair->rtnl_wait;
		__builtin_memcpy(e->ends, pair->ends, sizeof(e->ends));
		if (kind == EVENT_VETH_NEWLINK && !ret)
			fill_ends(e->ends, (void *)pair->device);
		SUBMIT(e);
	}
	bpf_map_delete_elem(&veth_pairs, &id);
	return 0;
}

static __always_inline int newlink_exit(long ret)
{
	return veth_exit(EVENT_VETH_NEWLINK, (int)ret);
}

static __always_inline int dellink_exit(long ret)
{
	return veth_exit(EVENT_VETH_DELLINK, 0);
}

/* The device that veth_newlink creates, from its first two arguments. */
static __always_inline struct net_device *new_device(__u64 first, __u64 second)
{
	barrier_var(first); /* read both: the verifier rejects a context pointer with a variable offset */
	barrier_var(second);
	return (void *)(VETH_NEWLINK_PACKED ? first : second);
}

SEC("fentry/veth_newlink")
int fentry_veth_newlink(__u64 *ctx)
{
	RUN_TWIN(twin_fentry, EVENT_VETH_NEWLINK, newlink_enter(new_device(ctx[0], ctx[1])));
	return 0;
}

SEC("kprobe/veth_newlink")
int kprobe_veth_newlink(struct pt_regs *ctx)
{
	return newlink_enter(new_device(ctx->FUNCTION_0, ctx->FUNCTION_1));
}

/* The result follows the arguments: 3 or 5. */
SEC("fexit/veth_newlink")
int fexit_veth_newlink(__u64 *ctx)
{
	if (VETH_NEWLINK_PACKED)
		RUN_TWIN(twin_fentry, EVENT_VETH_NEWLINK, newlink_exit(ctx[3]));
	else
		RUN_TWIN(twin_fentry, EVENT_VETH_NEWLINK, newlink_exit(ctx[5]));
	return 0;
}

SEC("kretprobe/veth_newlink")
int kretprobe_veth_newlink(struct pt_regs *ctx)
{
	return newlink_exit(ctx->FUNCTION_RETURNS);
}

FUNCTION_ENTER(veth_dellink, EVENT_VETH_DELLINK, dellink_enter)
FUNCTION_EXIT(veth_dellink, 2, EVENT_VETH_DELLINK, dellink_exit)
