/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Paths: which file or namespace a descriptor, a directory or a /proc path of the caller refers to. */
#ifndef PATH_H
#define PATH_H

#include "record.h"

#define PATH_STEPS 48 /* at most so many components and mounts of a path are followed */
#define COMPONENT_MAX 256

/*
 * The struct file of a descriptor of the calling thread or, by_leader, of its
 * process's first thread; 0 if there is none. Plain loads cannot read from it:
 * LOAD does. A global function, like all noinline ones here: the verifier
 * checks it once, not again for each state in which each caller calls it.
 */
__attribute__((noinline)) __u64 file_of(__u32 fd, __u32 by_leader)
{
	struct task_struct *task = current_task();
	struct file **files, *file = NULL;
	struct fdtable *fdt;

	if (by_leader)
		task = READ(task, group_leader);
	fdt = READ(task, files, fdt);
	files = READ(fdt, fd);
	if (!files || fd >= READ(fdt, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return (__u64)file;
}

/* The inode of the namespace that a file of nsfs refers to; 0 for any other file. */
static __always_inline __u32 namespace_of_file(__u64 file_)
{
	struct file *file = (void *)file_;
	struct inode *inode = LOAD(file, f_inode);

	if (!inode || LOAD(inode, i_sb, s_magic) != NSFS_MAGIC)
		return 0;
	return LOAD(inode, i_ino);
}

#define WALK_TRUNCATED (1UL << 32)
#define WALK_ELSEWHERE (1UL << 33)

/*
 * Appends the path of (vfsmount, dentry) at offset at, last component first,
 * up to the root of the caller's mount namespace. Returns the new offset, with
 * WALK_TRUNCATED if it did not reach that root, and with WALK_ELSEWHERE if the
 * path is not in that namespace: its mount is not attached (open_tree,
 * fsmount), or no longer.
 */
__attribute__((noinline)) __u64 walk_path(__u64 vfsmount, __u64 dentry_, __u64 at, __u32 number)
{
	struct vfsmount *vfs = (void *)vfsmount;
	struct dentry *dentry = (void *)dentry_, *up, *root = LOAD(vfs, mnt_root);
	struct mount *top = READ(current_task(), nsproxy, mnt_ns, root);
	struct scratch *s = scratch_get(number);
	struct mount *mnt, *parent;
	char *name;
	long n;

	if (!s)
		return at | WALK_TRUNCATED;
	for (int i = 0; i < PATH_STEPS; i++) {
		if (dentry == root) {
			mnt = (void *)vfs - bpf_core_field_offset(struct mount, mnt);
			parent = LOAD(mnt, mnt_parent);
			if (!parent || parent == mnt)
				return mnt == top ? at : at | WALK_ELSEWHERE;
			dentry = LOAD(mnt, mnt_mountpoint);
			vfs = (void *)parent + bpf_core_field_offset(struct mount, mnt);
			root = LOAD(vfs, mnt_root);
			continue;
		}
		up = LOAD(dentry, d_parent);
		if (!up || up == dentry) /* a file of memfd, nsfs, ... */
			return at | WALK_ELSEWHERE;
		name = (char *)LOAD(dentry, d_name.name);
		/* no call in between: before 6.8 the verifier forgets the bound of a spilled register */
		if (at >= TEXT_SPACE - COMPONENT_MAX)
			break;
		n = bpf_probe_read_kernel_str(s->text + at, COMPONENT_MAX, name);
		if (n <= 0 || n > COMPONENT_MAX)
			break;
		at += n;
		dentry = up;
	}
	return at | WALK_TRUNCATED;
}

/* Up to eight characters as a number: cheap to compare. */
#define WORD2(a, b) ((__u64)(a) << 8 | (b))
#define WORD3(a, b, c) (WORD2(a, b) << 8 | (c))
#define WORD4(a, b, c, d) (WORD3(a, b, c) << 8 | (d))
#define THREAD_SELF (WORD4('e', 'a', 'd', '-') << 32 | WORD4('s', 'e', 'l', 'f')) /* its end */

/* A pid as numbered in its own pid namespace: the process writes this number in a path of /proc. */
static __always_inline __u32 own_number(struct pid *pid)
{
	return pid_at(pid, LOAD(pid, level));
}

enum proc_path_kind {
	PROC_NONE,
	PROC_FD,
	PROC_NS,
};

/*
 * Parses /proc/{self,thread-self,PID}[/task/TID]/{fd/N,ns/NAME}, in which PID
 * and TID are the caller's own; returns its enum proc_path_kind. The path lies
 * in the scratch's text and is len long. The parser's state is kept in memory,
 * not in registers: to the verifier every iteration then looks like the one
 * before.
 */
__attribute__((noinline)) int parse_proc_path(__u64 at, __u64 len, __u32 number)
{
	struct task_struct *task = current_task();
	struct task_struct *leader = READ(task, group_leader);
	enum { WHO, WHAT, TID, FD, NS };
	struct scratch *s = scratch_get(number);
	volatile struct proc_path *p;

	if (!s || at >= TEXT_START || len >= PROC_PATH_MAX)
		return 0;
	p = &s->proc;
	bpf_probe_read_kernel(s->proc.text, PROC_PATH_MAX, s->text + at);
	p->text[len] = 0;
	p->state = WHO;
	p->word = 0;
	p->number = 0;
	p->by_thread = 0;
	for (int i = 6; i < PROC_PATH_MAX; i++) {
		__u8 c = p->text[i];
		__u32 state = p->state;
		__u64 word = p->word;

		if (c != '/' && c != 0) {
			p->word = word << 8 | c;
			p->number = p->number * 10 + (c - '0');
			continue;
		}
		switch (state) {
		case WHO:
			if (word == THREAD_SELF)
				p->by_thread = 1;
			else if (word != WORD4('s', 'e', 'l', 'f') &&
				 p->number != own_number(READ(leader, thread_pid)))
				return 0;
			p->state = WHAT;
			break;
		case WHAT:
			if (word == WORD4('t', 'a', 's', 'k'))
				p->state = TID;
			else if (word == WORD2('f', 'd'))
				p->state = FD;
			else if (word == WORD2('n', 's'))
				p->state = NS;
			else
				return 0;
			break;
		case TID:
			if (p->number != own_number(READ(task, thread_pid)))
				return 0;
			p->by_thread = 1;
			p->state = WHAT;
			break;
		case FD:
			return PROC_FD;
		default:
			return PROC_NS;
		}
		if (c == 0)
			return 0;
		p->word = 0;
		p->number = 0;
	}
	return 0;
}

static __always_inline bool is_proc_path(struct scratch *s, __u64 at, __u64 len)
{
	const char *text = s->text + at;

	return at < TEXT_START && len > 6 && text[0] == '/' && text[1] == 'p' && text[2] == 'r' &&
	       text[3] == 'o' && text[4] == 'c' && text[5] == '/';
}

/*
 * The inode of a namespace of the calling thread or, by_leader, of its
 * process's first thread, by its name in /proc/PID/ns; 0 for any other name.
 */
__attribute__((noinline)) __u32 namespace_by_name(__u64 name, __u32 by_leader)
{
	struct task_struct *task = current_task();
	struct pid_namespace *pid;
	struct nsproxy *ns;

	if (by_leader)
		task = READ(task, group_leader);
	ns = READ(task, nsproxy);
	switch (name) {
	case WORD3('n', 'e', 't'):
		return READ(ns, net_ns, ns.inum);
	case WORD3('m', 'n', 't'):
		return READ(ns, mnt_ns, ns.inum);
	case WORD3('i', 'p', 'c'):
		return READ(ns, ipc_ns, ns.inum);
	case WORD3('u', 't', 's'):
		return READ(ns, uts_ns, ns.inum);
	case WORD3('p', 'i', 'd'):
		pid = pid_namespace_of(READ(task, thread_pid));
		return LOAD(pid, ns.inum);
	case WORD4('u', 's', 'e', 'r'):
		return READ(task, cred, user_ns, ns.inum);
	case WORD2('c', 'g') << 32 | WORD4('r', 'o', 'u', 'p'):
		return READ(ns, cgroup_ns, ns.inum);
	}
	return 0;
}

#endif
