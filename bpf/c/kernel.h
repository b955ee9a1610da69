/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel's structs, with only the fields that are read. Their offsets are
 * those of the running kernel (BPF CO-RE); the order here does not matter.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct mount;

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
};

struct pid_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct time_namespace {
	struct ns_common ns;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct user_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns_for_children;
	struct cgroup_namespace *cgroup_ns;
};

struct cred {
	struct user_namespace *user_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct qstr {
	const unsigned char *name;
};

struct super_block;

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	struct file_system_type *s_type;
	unsigned long s_magic;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct signal_struct {
	struct {
		int counter;
	} live;
	unsigned int flags;
	int group_exit_code;
	struct mm_struct *oom_mm;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay;
};

struct task_delay_info {
	__u64 blkio_delay;
};

/*
 * Registers: the arguments of a system call, as passed to its function; in a
 * kprobe, the arguments or the result of the probed function.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8, r9, r10, ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
};
#endif

struct task_struct {
	unsigned long nivcsw;
	unsigned int flags;
	int pid;
	int tgid;
	int exit_code;
	char comm[16];
	__u64 start_boottime;
	unsigned int in_execve : 1;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	const struct cred *cred;
	struct sched_entity se;
	struct sched_info sched_info;
	struct task_delay_info *delays;
};

struct kernel_clone_args {
	__u32 io_thread : 1;
	__u32 user_worker : 1;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup_subsys_state {
	__u64 serial_nr;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct cgroup_root *root;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	unsigned short skc_family;
	possible_net_t skc_net;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	struct sock *sk;
};

struct net_device_ops;

struct net_device {
	char name[16];
	int ifindex;
	possible_net_t nd_net;
	const struct net_device_ops *netdev_ops;
};

struct rtnl_newlink_params {
	struct net *src_net;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/* The contexts of the tracepoints syscalls/sys_enter_* and sys_exit_*. */
struct syscall_enter {
	__u64 common;
	long nr;
	unsigned long args[6];
};

struct syscall_exit {
	__u64 common;
	long nr;
	long ret;
};

/* include/uapi/linux/sched.h */
#define CLONE_NEWTIME 0x00000080UL
#define CLONE_THREAD 0x00010000UL
#define CLONE_NEWNS 0x00020000UL
#define CLONE_NEWNET 0x40000000UL
#define UNSHARE_EMPTY_MNTNS 0x00100000UL /* Linux 7; with or without CLONE_NEWNS */
#define CLONE_EMPTY_MNTNS (1UL << 37)     /* the same for clone3 */

/* include/uapi/linux/mount.h, Linux 7: the call creates a mount namespace */
#define OPEN_TREE_NAMESPACE 2UL
#define FSMOUNT_NAMESPACE 2UL

#define CLONE_NEW_ALL 0x7e020080UL
#define CSIGNAL 0x000000ffUL

#define PF_IO_WORKER 0x00000010   /* include/linux/sched.h */
#define PF_USER_WORKER 0x00004000
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */
#define AT_FDCWD (-100)
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define NSFS_MAGIC 0x6e736673UL
#define AF_NETLINK 16
#define NETLINK_ROUTE 0

#endif
