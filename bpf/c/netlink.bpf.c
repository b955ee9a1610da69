// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Requests to rtnetlink that create, delete, move and address interfaces. */

#include "calls.h"
#include "entry.h"
#include "path.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#define MESSAGE_MAX 1024UL
#define ATTRIBUTES_MAX 32 /* of a message, including nested ones */

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

/* The network namespace of an rtnetlink socket; 0 for any other descriptor. */
static __always_inline __u32 rtnetlink_namespace(int fd)
{
	struct file *file = (void *)file_of(fd, false);
	struct socket *socket;
	struct sock *sk;

	if (!file || (LOAD(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = LOAD(file, private_data);
	sk = LOAD(socket, sk);
	if (!sk || LOAD(sk, __sk_common.skc_family) != AF_NETLINK ||
	    LOAD(sk, sk_protocol) != NETLINK_ROUTE)
		return 0;
	return LOAD(sk, __sk_common.skc_net.net, ns.inum);
}

/* The memory that a message is in: the user's for a system call; rtnetlink_rcv_msg has the kernel's copy. */
enum { OF_USER, OF_KERNEL };

static __always_inline long read_message(void *to, __u32 len, const void *from, __u64 memory)
{
	if (memory == OF_KERNEL)
		return bpf_probe_read_kernel(to, len, from);
	return bpf_probe_read_user(to, len, from);
}

static __always_inline void begin_netlink(struct watched *w, __u32 link_ns, const void *message, __u64 len,
					  __u64 memory, const bool twin)
{
	struct nlmsghdr head;
	struct call *call;

	if (!link_ns || len < sizeof(head))
		return;
	if (read_message(&head, sizeof(head), message, memory) || !is_wanted(head.nlmsg_type))
		return;
	call = call_begin(w, EVENT_NETLINK, twin);
	if (!call)
		return;
	call->args[0] = (__u64)message;
	call->args[1] = memory == OF_KERNEL ? head.nlmsg_len : len;
	call->args[2] = link_ns;
	call->args[3] = memory;
}

/*
 * The inode of the namespace whose descriptor the message has: IFLA_NET_NS_FD
 * of the interface or, in LINKINFO > INFO_DATA > VETH_INFO_PEER, of its peer; 0
 * if it has none. The message lies in text. A global function: verified once.
 */
__attribute__((noinline)) __u32 message_namespace(__u64 len, __u32 number)
{
	enum { LINK, INFO, DATA, PEER } level = LINK;
	__u64 at = NLMSG_HDRLEN + sizeof(struct ifinfomsg);
	struct scratch *s = scratch_get(number);
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
		/* nested attributes are walked in line: they come before the next attribute */
		if (level == LINK && type == IFLA_LINKINFO) {
			level = INFO;
			at = body;
			continue;
		}
		if (level == INFO && type == IFLA_INFO_KIND) {
			kind = *(__u32 *)(s->text + body);
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
			fd = *(__u32 *)(s->text + body);
			return namespace_of_file(file_of(fd, false));
		}
		at += RTA_ALIGN((__u64)attr.rta_len);
	}
	return 0;
}

static __always_inline void emit_netlink(struct watched *w, struct scratch *s, __u32 number,
					 struct call *call, long ret)
{
	struct event_netlink *e = RECORD(s, event_netlink);
	__u64 len = call->args[1];

	fill_call(&e->h, call, ret < 0 ? ret : 0, w); /* not the number of bytes sent */
	if (len > MESSAGE_MAX)
		len = MESSAGE_MAX;
	barrier_var(len);
	if (len > MESSAGE_MAX ||
	    read_message(s->text, len, (void *)call->args[0], call->args[3])) {
		count_lost(EVENT_NETLINK, LOST_UNREADABLE);
		return;
	}
	e->message_len = len;
	e->link_ns = call->args[2];
	e->pad = 0;
	e->target_ns = message_namespace(len, number);
	EMIT(s, event_netlink, len, false);
}

static __noinline int netlink_exit_slow(long ret)
{
	struct watched *w = watched_current();
	struct scratch *s;
	struct call *call;
	__u32 number;

	if (!w)
		return 0;
	call = call_current(w);
	if (!call || call->kind != EVENT_NETLINK)
		return 0;
	s = scratch_acquire(&number, EVENT_NETLINK);
	if (s) {
		emit_netlink(w, s, number, call, ret);
		scratch_release(s);
	}
	call_end(call);
	return 0;
}

static __always_inline int netlink_exit(long ret)
{
	return UNLIKELY(current_may_be_watched()) ? netlink_exit_slow(ret) : 0;
}

/*
 * rtnetlink_rcv_msg handles one message of a request, in the thread that sends
 * it. It returns 0 or an error; send returns only the number of bytes sent.
 */
static __noinline int rtnetlink_enter_slow(struct sk_buff *skb, __u64 message, const bool twin)
{
	struct watched *w = watched_current();

	if (!w)
		return 0;
	begin_netlink(w, LOAD(skb, sk, __sk_common.skc_net.net, ns.inum), (void *)message,
		      sizeof(struct nlmsghdr), OF_KERNEL, twin);
	return 0;
}

static __always_inline int rtnetlink_enter(__u64 skb, __u64 message, const bool twin)
{
	return UNLIKELY(current_may_be_watched()) ? rtnetlink_enter_slow((void *)skb, message, twin) : 0;
}

static __always_inline int rtnetlink_exit(long ret)
{
	return netlink_exit((int)ret);
}

static __noinline int sendto_enter_slow(struct syscall_enter *ctx)
{
	struct watched *w = watched_current();

	if (!w)
		return 0;
	begin_netlink(w, rtnetlink_namespace(ctx->args[0]), (void *)ctx->args[1], ctx->args[2],
		      OF_USER, false);
	return 0;
}

static __noinline int sendmsg_enter_slow(struct syscall_enter *ctx)
{
	struct user_msghdr message = {};
	struct watched *w = watched_current();
	struct user_iovec iov = {};
	__u32 link_ns;

	if (!w)
		return 0;
	link_ns = rtnetlink_namespace(ctx->args[0]);
	if (!link_ns)
		return 0;
	bpf_probe_read_user(&message, sizeof(message), (void *)ctx->args[1]);
	if (!message.iov)
		return 0;
	bpf_probe_read_user(&iov, sizeof(iov), message.iov);
	begin_netlink(w, link_ns, iov.base, iov.len, OF_USER, false);
	return 0;
}

FUNCTION_ENTER(rtnetlink_rcv_msg, EVENT_NETLINK, rtnetlink_enter)
FUNCTION_EXIT(rtnetlink_rcv_msg, 3, EVENT_NONE, rtnetlink_exit)

SEC("tracepoint/syscalls/sys_enter_sendto")
int tp_sendto(struct syscall_enter *ctx)
{
	return UNLIKELY(current_may_be_watched()) ? sendto_enter_slow(ctx) : 0;
}

SEC("tracepoint/syscalls/sys_enter_sendmsg")
int tp_sendmsg(struct syscall_enter *ctx)
{
	return UNLIKELY(current_may_be_watched()) ? sendmsg_enter_slow(ctx) : 0;
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int tp_send_exit(struct syscall_exit *ctx)
{
	return netlink_exit(ctx->ret);
}
