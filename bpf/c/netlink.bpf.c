// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Requests to rtnetlink that make, move and address interfaces. */

#include "call.h"
#include "path.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#define MESSAGE_MAX 1024UL
#define ATTRIBUTES_MAX 48 /* of a message, nested ones included */

struct user_iovec {
	void *base;
	__u64 len;
};

struct user_msghdr {
	void *name;
	int name_len;
	struct user_iovec *iov;
};

static __always_inline bool is_wanted(__u16 type)
{
	return type == RTM_NEWLINK || type == RTM_DELLINK || type == RTM_SETLINK ||
	       type == RTM_NEWADDR;
}

/* The network namespace of an rtnetlink socket; 0 where the descriptor is none. */
static __always_inline __u32 rtnetlink_namespace(int fd)
{
	struct file *file = file_of((void *)bpf_get_current_task(), fd);
	struct socket *socket;
	struct sock *sk;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_NETLINK ||
	    BPF_CORE_READ(sk, sk_protocol) != NETLINK_ROUTE)
		return 0;
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline int netlink_enter(int fd, void *message, __u64 len)
{
	struct call call = {.kind = EVENT_NETLINK, .args = {(__u64)message, len}};
	struct nlmsghdr head;

	if (len < sizeof(head))
		return 0;
	call.args[2] = rtnetlink_namespace(fd);
	if (!call.args[2])
		return 0;
	if (bpf_probe_read_user(&head, sizeof(head), message) || !is_wanted(head.nlmsg_type))
		return 0;
	call_enter(&call);
	return 0;
}

/*
 * The namespace whose descriptor the message carries: IFLA_NET_NS_FD, of the
 * interface or, in LINKINFO > INFO_DATA > VETH_INFO_PEER, of its peer. The
 * message lies in text. A global function: verified once.
 */
__attribute__((noinline)) __u32 message_namespace(__u64 len)
{
	enum { LINK, INFO, DATA, PEER } level = LINK;
	__u64 at = NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	struct scratch *s = scratch_get();
	bool veth = false;

	if (!s)
		return 0;
	for (int i = 0; i < ATTRIBUTES_MAX; i++) {
		struct rtattr attr;
		__u64 body = at + sizeof(attr);
		__u32 type, fd = 0, kind = 0;

		if (body > len || at >= MESSAGE_MAX)
			return 0;
		__builtin_memcpy(&attr, s->text + at, sizeof(attr));
		if (attr.rta_len < sizeof(attr))
			return 0;
		type = attr.rta_type & NLA_TYPE_MASK;
		/* what is nested is walked in line: its attributes come before the next one */
		if (level == LINK && type == IFLA_LINKINFO) {
			level = INFO;
			at = body;
			continue;
		}
		if (level == INFO && type == IFLA_INFO_KIND) {
			bpf_probe_read_kernel(&kind, sizeof(kind), s->text + body);
			veth = kind == 0x68746576; /* "veth" */
		}
		if (level == INFO && type == IFLA_INFO_DATA && veth) {
			level = DATA;
			at = body;
			continue;
		}
		if (level == DATA && type == VETH_INFO_PEER) {
			level = PEER;
			at = body + sizeof(struct ifinfomsg);
			continue;
		}
		if ((level == LINK || level == PEER) && type == IFLA_NET_NS_FD) {
			bpf_probe_read_kernel(&fd, sizeof(fd), s->text + body);
			return namespace_of_file(file_of((void *)bpf_get_current_task(), fd));
		}
		at += RTA_ALIGN((__u64)attr.rta_len);
	}
	return 0;
}

static __always_inline int netlink_exit(long ret)
{
	struct event_netlink *e;
	struct scratch *s;
	struct call call;
	__u64 len;

	if (!call_exit(&call) || call.kind != EVENT_NETLINK)
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_netlink);
	fill_call(&e->h, &call, ret);
	len = call.args[1];
	if (len > MESSAGE_MAX)
		len = MESSAGE_MAX;
	barrier_var(len);
	if (len > MESSAGE_MAX || bpf_probe_read_user(s->text, len, (void *)call.args[0]))
		return 0;
	e->message_len = len;
	e->link_ns = call.args[2];
	e->pad = 0;
	e->target_ns = message_namespace(len);
	EMIT(s, event_netlink, len, false);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_sendto")
int sys_sendto_enter(struct syscall_enter *ctx)
{
	if (!task_current())
		return 0;
	return netlink_enter(ctx->args[0], (void *)ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_enter_sendmsg")
int sys_sendmsg_enter(struct syscall_enter *ctx)
{
	struct user_msghdr message = {};
	struct user_iovec iov = {};

	if (!task_current())
		return 0;
	bpf_probe_read_user(&message, sizeof(message), (void *)ctx->args[1]);
	if (!message.iov)
		return 0;
	bpf_probe_read_user(&iov, sizeof(iov), message.iov);
	return netlink_enter(ctx->args[0], iov.base, iov.len);
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int sys_netlink_exit(struct syscall_exit *ctx)
{
	return netlink_exit(ctx->ret);
}
