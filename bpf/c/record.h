/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a record is written. A record without texts is filled in place in the
 * ring buffer: RESERVE, then SUBMIT. One with texts is filled in a scratch and
 * copied with its actual length: scratch_acquire, EMIT, scratch_release.
 */
#ifndef RECORD_H
#define RECORD_H

#include "event.h"
#include "task.h"
#include "twin.h"

#define TEXT_MAX 4096UL     /* of one text: PATH_MAX, and a page of mount options */
#define TEXT_START 0x4000UL /* every text begins before this offset */
#define TEXT_SPACE (TEXT_START + TEXT_MAX)
#define FIXED_MAX 256

/* The reader is woken each time the fill of the ring buffer crosses a multiple of this. */
const volatile __u64 wakeup_bytes = 128 * 1024;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024); /* Go sets it */
} events SEC(".maps");

#define PROC_PATH_MAX 40 /* /proc/4194304/task/4194304/fd/1048576 has 37 */

/* A path of /proc that names a descriptor or a namespace of the caller: see path.h. */
struct proc_path {
	__u64 by_thread; /* of the calling thread, not of its process's first thread */
	__u64 word;      /* the last eight characters of the last component */
	__u64 number;    /* the last component as a number */
	__u32 state;
	char text[PROC_PATH_MAX];
};

enum environment_state {
	ENV_WALKING,
	ENV_READ, /* to its end */
	ENV_CUT,
};

/* A walk through the environment: see environment.h. */
struct environment {
	__u64 next;  /* the address of what is read next */
	__u64 end;   /* of the environment */
	__u64 begin; /* the offset of the text of the current string */
	__u64 at;    /* the offset after the wanted variables so far */
	__u32 state;
	__u8 in_string; /* the string is longer than what was read of it */
	__u8 wanted;    /* the current string is */
	__u16 plugin;   /* one of the strings is a CNI plugin's command */
};

/* The name of an executable, and what has been read of it: see name.h. */
struct parsed_name {
	struct name whole;
	struct name part; /* since the last separator */
	struct name stem; /* what was read */
	__u32 length;     /* of the part */
	__u32 separated;  /* the last character is a separator */
	__u32 numbered;   /* the part has ended at a digit */
	__u32 versioned;  /* the version has begun */
	__u32 runtime;    /* a part is the name of a runtime */
	__u32 shim;       /* a part is "shim" */
};

/* The fields that nearly every use touches come first: they are on one page. */
struct scratch {
	__u64 holders;
	struct proc_path proc;
	struct environment environment;
	struct parsed_name name;
	char fixed[FIXED_MAX];
	char text[TEXT_SPACE];
};

/*
 * Each scratch belongs to a CPU and is acquired and released: fentry programs
 * can be preempted, since Linux 7 those of tracepoints too, and another then
 * runs on the same CPU. A program does not migrate to another CPU.
 */
#define SCRATCHES 3

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCHES); /* Go multiplies it by the number of CPUs */
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_get(__u32 number)
{
	return bpf_map_lookup_elem(&scratches, &number);
}

/*
 * Acquires a scratch and sets its number; returns NULL if none is free, which
 * is counted. A program that finds itself the only holder has it: of two that
 * try at the same time, one does or none. (An atomic addition that returns the
 * sum is an instruction since 5.12.)
 */
static __always_inline struct scratch *scratch_acquire(__u32 *number, __u32 kind)
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
	count_lost(kind, LOST_NO_SCRATCH);
	return NULL;
}

static __always_inline void scratch_release(struct scratch *s)
{
	__sync_fetch_and_add(&s->holders, -1);
}

/* A record's struct lies at the end of the fixed part, right before its texts. */
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

/* The caller's origin; w is its process, NULL if that is not watched. */
static __always_inline __u32 current_origin(struct watched *w)
{
	return w ? w->origin : origin_of(current_task());
}

/*
 * Fills the header of an event of the caller; w is its process, NULL if that is
 * not watched. Few pointers are loaded from the task: each can cost the
 * verifier 0.1 ms (UNTRUSTED in compat.h).
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
	if (in_node) {
		h->pid = pid_in_node(READ(task, group_leader));
		h->tid = pid_in_node(task);
	}
	h->mnt_ns = READ(ns, mnt_ns, ns.inum);
	h->net_ns = READ(ns, net_ns, ns.inum);
	h->origin = current_origin(w);
	READ_COMM(h->comm, task);
}

/* The bytes that a record occupies: a header of 8, and padding to 8 (kernel/bpf/ringbuf.c). */
static __always_inline __u64 size_in_ring(__u64 size)
{
	return (size + 8 + 7) & ~7UL;
}

static __always_inline __u64 fill_of_ring(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
}

/*
 * The flag for submitting a record; fill is that of the buffer before it. Most
 * records wake nobody: the reader polls every 50 ms anyway, and waking it for
 * each record costs more than everything else together.
 */
static __always_inline __u64 wakeup(__u64 fill, __u64 size, bool urgent)
{
	if (urgent || ((fill ^ (fill + size_in_ring(size))) & ~(wakeup_bytes - 1)))
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/* Returns a record without texts, to be filled in; NULL if there is no room, which is counted. */
#define RESERVE(type, kind, origin) reserve(sizeof(struct type), kind, origin)

static __always_inline void *reserve(const __u64 size, __u32 kind, __u32 origin)
{
	void *record;

	if (origin && !may_write_for(origin, size, kind, fill_of_ring()))
		return NULL;
	record = bpf_ringbuf_reserve(&events, size, 0);
	if (!record)
		count_lost(kind, LOST_BUFFER_FULL);
	return record;
}

/* The fill of the ring buffer includes the record since it was reserved. */
#define SUBMIT(e) submit(e, sizeof(*(e)))

static __always_inline void submit(void *record, const __u64 size)
{
	bpf_ringbuf_submit(record, wakeup(fill_of_ring() - size_in_ring(size), size, false));
}

static __always_inline void emit(void *record, __u64 size, __u32 kind, __u32 origin, bool urgent)
{
	__u64 fill = fill_of_ring();

	if (!may_write_for(origin, size, kind, fill))
		return;
	if (bpf_ringbuf_output(&events, record, size, wakeup(fill, size, urgent)))
		count_lost(kind, LOST_BUFFER_FULL);
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
			     RECORD(s, type)->h.kind, RECORD(s, type)->h.origin, urgent); \
	} while (0)

/* Appends a string from user memory at offset at; returns its length. */
static __always_inline __u64 put_user_text(struct scratch *s, __u64 at, const void *from)
{
	long n;

	/* do not read NULL: a faulting read costs a microsecond */
	if (!from || at >= TEXT_START)
		return 0;
	n = bpf_probe_read_user_str(s->text + at, TEXT_MAX, from);
	if (n <= 1 || n > (long)TEXT_MAX)
		return 0;
	return n - 1;
}

/* Appends a string from kernel memory at offset at; returns its length. */
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
