/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a record is made. One without texts is filled in where it lies in the
 * ring buffer: RESERVE, then submit. One with texts is filled in a scratch and
 * copied with the length that it has: scratch_take, then EMIT, then
 * scratch_give.
 */
#ifndef RECORD_H
#define RECORD_H

#include "event.h"
#include "twin.h"
#include "task.h"

#define TEXT_MAX 4096UL    /* one text: PATH_MAX, and a page of mount options */
#define TEXT_START 0x4000UL /* a text begins before that */
#define TEXT_SPACE (TEXT_START + TEXT_MAX)
#define FIXED_MAX 256

/* A record of this size makes the buffer's fill cross a multiple of it, and wakes the reader. */
const volatile __u64 wakeup_bytes = 128 * 1024;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024); /* Go sets it */
} events SEC(".maps");

#define PROC_PATH_MAX 40 /* /proc/4194304/task/4194304/fd/1048576 has 37 */

/* A path of /proc that names a descriptor or a namespace of the caller: see path.h. */
struct proc_path {
	__u64 by_thread; /* of the calling thread, not of its process's first */
	__u64 word;      /* the last component's last eight characters */
	__u64 number;    /* the last component as a number */
	__u32 state;
	char text[PROC_PATH_MAX];
};

/* What is nearly always used comes first: that is one page. */
struct scratch {
	__u64 holders;
	struct proc_path proc;
	char fixed[FIXED_MAX];
	char text[TEXT_SPACE];
};

/*
 * Scratches are taken and given back: a program may be preempted, always by
 * fentry and since Linux 7 at a tracepoint too, and another then runs on the
 * same CPU. It stays on its CPU, of which these are.
 */
#define SCRATCHES 3

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCHES); /* Go makes so many for each CPU */
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* The scratch of that number. */
static __always_inline struct scratch *scratch_get(__u32 number)
{
	return bpf_map_lookup_elem(&scratches, &number);
}

/*
 * Takes a scratch; NULL where there is none, which is counted. Who finds
 * itself the only holder has it: of two that come at once that is one or none.
 * An addition that returns the sum is an instruction of 5.12 and later.
 */
static __always_inline struct scratch *scratch_take(__u32 *number, __u32 kind)
{
	__u32 first = bpf_get_smp_processor_id() * SCRATCHES;
	struct scratch *s;

	for (int i = 0; i < SCRATCHES; i++) {
		*number = first + i;
		s = scratch_get(*number);
		if (!s)
			break;
		__sync_fetch_and_add(&s->holders, 1);
		barrier();
		if (*(volatile __u64 *)&s->holders == 1)
			return s;
		__sync_fetch_and_add(&s->holders, -1);
	}
	count_lost(kind);
	return NULL;
}

static __always_inline void scratch_give(struct scratch *s)
{
	__sync_fetch_and_add(&s->holders, -1);
}

/* A record's struct lies at the end of the fixed part, so that its texts follow it. */
#define RECORD(s, type) ((struct type *)((s)->fixed + FIXED_MAX - sizeof(struct type)))

static __always_inline void fill_namespaces(struct event_namespaces *to, struct task_struct *task)
{
	struct nsproxy *ns = READ(task, nsproxy);

	__builtin_memset(to, 0, sizeof(*to));
	to->user = READ(task, cred, user_ns, ns.inum);
	if (!ns)
		return;
	to->mnt = READ(ns, mnt_ns, ns.inum);
	to->uts = READ(ns, uts_ns, ns.inum);
	to->ipc = READ(ns, ipc_ns, ns.inum);
	to->pid = READ(ns, pid_ns_for_children, ns.inum);
	to->net = READ(ns, net_ns, ns.inum);
	to->cgroup = READ(ns, cgroup_ns, ns.inum);
	to->time = READ(ns, time_ns_for_children, ns.inum);
}

/*
 * The header of what the caller does; w is its task, if it is watched. Each
 * pointer that is loaded from a task costs the verifier of 6.x a tenth of a
 * millisecond, as it looks for types by name.
 */
static __always_inline void fill_header(struct event_header *h, __u32 kind, struct watched *w)
{
	struct task_struct *task = current_task();
	struct nsproxy *ns = READ(task, nsproxy);
	__u64 id = bpf_get_current_pid_tgid();

	h->time = bpf_ktime_get_boot_ns();
	h->duration = 0;
	h->start_time = w ? w->start_time : READ(task, group_leader, start_boottime);
	h->ret = 0;
	h->flags = 0;
	read_cost(task, &h->cost);
	h->kind = kind;
	h->pid = id >> 32;
	h->tid = id;
	h->mnt_ns = READ(ns, mnt_ns, ns.inum);
	h->net_ns = READ(ns, net_ns, ns.inum);
	h->pad = 0;
	READ_COMM(h->comm, task);
}

/* What a record occupies: a header of 8, and padding to 8 (kernel/bpf/ringbuf.c). */
static __always_inline __u64 size_in_ring(__u64 size)
{
	return (size + 8 + 7) & ~7UL;
}

static __always_inline __u64 fill_of_ring(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
}

/*
 * Most records only wait in the buffer: the reader comes every 50 ms anyhow,
 * and waking it for each costs more than all the rest. fill is what there was
 * before the record.
 */
static __always_inline __u64 wakeup(__u64 fill, __u64 size, bool urgent)
{
	if (urgent || ((fill ^ (fill + size_in_ring(size))) & ~(wakeup_bytes - 1)))
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/* A record without texts, to be filled in; NULL where there is no room, which is counted. */
#define RESERVE(type, kind) reserve(sizeof(struct type), kind)

static __always_inline void *reserve(const __u64 size, __u32 kind)
{
	void *record = bpf_ringbuf_reserve(&events, size, 0);

	if (!record)
		count_lost(kind);
	return record;
}

/* It is in the ring since it was reserved. */
#define SUBMIT(e) submit(e, sizeof(*(e)))

static __always_inline void submit(void *record, const __u64 size)
{
	bpf_ringbuf_submit(record, wakeup(fill_of_ring() - size_in_ring(size), size, false));
}

static __always_inline void emit(void *record, __u64 size, __u32 kind, bool urgent)
{
	if (bpf_ringbuf_output(&events, record, size, wakeup(fill_of_ring(), size, urgent)))
		count_lost(kind);
}

/* Emits a record with its texts, which end at offset end. */
#define EMIT(s, type, end, urgent)                                                       \
	do {                                                                             \
		__u64 __end = (end);                                                     \
		if (__end > TEXT_SPACE)                                                  \
			__end = TEXT_SPACE;                                              \
		barrier_var(__end);                                                      \
		if (__end <= TEXT_SPACE)                                                 \
			emit(RECORD(s, type), sizeof(struct type) + __end,               \
			     RECORD(s, type)->h.kind, urgent);                           \
	} while (0)

/* Appends a user's string at offset at; returns its length. */
static __always_inline __u64 put_user_text(struct scratch *s, __u64 at, const void *from)
{
	long n;

	/* a faulting read costs a microsecond */
	if (!from || at >= TEXT_START)
		return 0;
	n = bpf_probe_read_user_str(s->text + at, TEXT_MAX, from);
	if (n <= 1 || n > (long)TEXT_MAX)
		return 0;
	return n - 1;
}

static __always_inline __u64 put_kernel_text(struct scratch *s, __u64 at, const void *from)
{
	long n;

	if (!from || at >= TEXT_START)
		return 0;
	n = bpf_probe_read_kernel_str(s->text + at, TEXT_MAX, from);
	if (n <= 1 || n > (long)TEXT_MAX)
		return 0;
	return n - 1;
}

#endif
