/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The records of the ring buffer. Each is one of these structs, followed by
 * its texts, one after the other and without a NUL, in the order of the *_len
 * fields, which hold their lengths in bytes. Times are nanoseconds of
 * CLOCK_BOOTTIME. Pids are those of the exporter's pid namespace, 0 is a process
 * outside of it.
 */
#ifndef EVENT_H
#define EVENT_H

#include <linux/types.h>

enum event_kind {
	EVENT_NONE,
	EVENT_FORK,
	EVENT_EXEC,
	EVENT_EXIT,
	EVENT_RENAME,
	EVENT_UNSHARE,
	EVENT_SETNS,
	EVENT_MOUNT,
	EVENT_UMOUNT,
	EVENT_PIVOT_ROOT,
	EVENT_CHROOT,
	EVENT_OPEN_TREE,
	EVENT_MOVE_MOUNT,
	EVENT_FSOPEN,
	EVENT_FSCONFIG,
	EVENT_FSMOUNT,
	EVENT_MOUNT_SETATTR,
	EVENT_CGROUP_MKDIR,
	EVENT_CGROUP_ATTACH,
	EVENT_CGROUP_RMDIR,
	EVENT_NETLINK,
	EVENT_LISTEN,
	EVENT_VETH_NEWLINK,
	EVENT_VETH_DELLINK,
	EVENT_KINDS,
};

/* Why an event is lost. */
enum lost_cause {
	LOST_BUFFER_FULL,   /* the ring buffer had no room for its record */
	LOST_NO_SCRATCH,    /* every scratch buffer of the CPU was in use */
	LOST_CALLS_FULL,    /* there was no room to keep the call until its return */
	LOST_WATCHED_FULL,  /* there was no room to watch another process */
	LOST_RETURN_MISSED, /* the return of the call was not observed */
	LOST_PREEMPTED,     /* the kernel skipped a program that was preempted on the same CPU */
	LOST_UNREADABLE,    /* the request could not be read from memory */
	LOST_OVER_QUOTA,    /* a container has used up what it may watch or write: origin.h */
	LOST_CAUSES,
};

/* CPU time and delays of a thread, or of a process with all its threads: nanoseconds, -1 unknown. */
struct event_cost {
	__s64 cpu;
	__s64 run_delay;      /* runnable, waiting for a CPU */
	__s64 block_io_delay; /* waiting for block I/O */
};

/* A listen event has only this. */
struct event_header {
	__u64 time;
	__u64 duration;
	__u64 start_time; /* of the process: start_boottime of its first thread */
	__s64 ret;
	__u64 flags;
	struct event_cost cost; /* the thread's; for an exec and an exit the process's */
	__u32 kind;
	__u32 pid;
	__u32 tid;
	__u32 mnt_ns;
	__u32 net_ns;
	__u32 origin; /* of the process; 0 is the host: origin.h */
	char comm[16];
};

/* Inode numbers, as in /proc/PID/ns; pid and time are the namespaces for children. */
struct event_namespaces {
	__u32 mnt;
	__u32 uts;
	__u32 ipc;
	__u32 pid;
	__u32 net;
	__u32 cgroup;
	__u32 user;
	__u32 time;
};

/* The creation of a network namespace by copy_net_ns; 0 if it was not seen. */
struct event_netns {
	__u64 begin;
	__u64 duration;
};

struct event_fork {
	struct event_header h;
	__u64 child_start_time;
	__u32 child;
	__u32 parent;
	struct event_namespaces ns; /* of the child, if any is new */
	struct event_netns netns;
};

struct event_exec {
	struct event_header h;
	__u32 file_len;
	__u32 args_len;  /* arguments, each with its NUL; the last has none if it is cut */
	__u32 env_len;   /* the variables that may be wanted, each with its NUL */
	__u8 args_cut;   /* arguments did not fit */
	__u8 env_cut;    /* of the environment, wanted variables may be missing */
	__u16 last;      /* from now on the process is not watched */
	char exe[32];    /* the name of the file, which the path may be a link to; the first 31 bytes */
};

struct event_exit {
	struct event_header h;
	__u32 status; /* as wait(2) returns it */
	__u32 oom;    /* the OOM killer has killed it */
};

struct event_rename {
	struct event_header h;
	char name[16];
};

/* unshare and setns */
struct event_namespace {
	struct event_header h;
	struct event_namespaces ns; /* of the caller, afterwards */
	struct event_netns netns;
};

/* mount(2), the calls of the new mount API, pivot_root and chroot */
struct event_mount {
	struct event_header h;
	__u32 source_ns;
	__u16 source_len;
	__u16 target_len;
	__u16 fs_type_len;
	__u16 data_len;
	__u16 name_len;
	/*
	 * The directory that target is relative to, or the file behind the
	 * descriptor that it names: a path, last component first, each with its
	 * NUL.
	 */
	__u16 base_len;
	__u8 base;            /* there is one (/ if base_len is 0) */
	__u8 base_truncated;  /* the components next to the root are missing */
	__u8 makes_namespace; /* the call asks for a new mount namespace */
	__u8 pad[5];
};

struct event_cgroup {
	struct event_header h;
	__u64 child_start_time;
	__u32 child;
	__u32 hierarchy;
	__u64 made; /* when it was made, if by a process that is not watched; of an attach only */
	__u32 path_len;
	__u32 pad;
};

struct event_netlink {
	struct event_header h;
	__u32 link_ns; /* the socket's, which need not be the caller's */
	__u32 target_ns;
	__u32 message_len;
	__u32 pad;
};

struct event_veth_end {
	__u32 net_ns;
	__u32 index;
	char name[16];
};

struct event_veth {
	struct event_header h;
	__u64 rtnl_wait; /* from the start of the request to veth_newlink: for the RTNL lock; 0 unknown */
	struct event_veth_end ends[2];
};

/* Not in the ring buffer: the task iterator writes it. */
struct event_process {
	__u64 time;
	__u64 start_time;
	__u32 pid;
	__u32 parent;
	struct event_namespaces ns;
	__u32 origin;
	__u32 pad;
	char comm[16];
};

#endif
