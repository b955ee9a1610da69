// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Mounts: mount(2) and its kin, the new mount API, pivot_root and chroot. */

#include "arguments.h"
#include "entry.h"
#include "path.h"

#define BASE_MAX 4096UL

/* pivot_root's new root, resolved at the entry: afterwards it is "/". */
struct base {
	char text[BASE_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct base);
} bases SEC(".maps");

/*
 * Appends what target, which lies in the text, is relative to, or the
 * descriptor that it names. An absolute path that names none means what it says.
 */
static __always_inline __u64 put_base(struct scratch *s, __u32 number, struct event_mount *e,
				      __u64 at, __u64 target, int directory)
{
	__u64 len = e->target_len, file = 0, end;
	struct path path = {};
	struct fs_struct *fs;
	char first = 0;

	if (len && target < TEXT_START)
		first = s->text[target];
	if (first == '/') {
		if (!is_proc_path(s, target, len) || parse_proc_path(target, len, number) != PROC_FD)
			return at;
		file = file_of(s->proc.number, !s->proc.by_thread);
	} else if (directory != AT_FDCWD) {
		file = file_of(directory, false);
	} else if (first) {
		fs = READ(current_task(), fs);
		bpf_core_read(&path, sizeof(path), &fs->pwd);
	}
	if (file)
		bpf_core_read(&path, sizeof(path), &((struct file *)file)->f_path);
	if (!path.mnt || !path.dentry || at >= TEXT_START)
		return at;
	end = walk_path((__u64)path.mnt, (__u64)path.dentry, at, number);
	if (end & WALK_ELSEWHERE)
		return at;
	e->base = 1;
	e->base_truncated = !!(end & WALK_TRUNCATED);
	end &= ~WALK_TRUNCATED;
	if (end < at || end > TEXT_SPACE)
		return at;
	e->base_len = end - at;
	return end;
}

/*
 * The namespace that a bind mount's source, the first of the texts, stands
 * for, as /proc/.../ns/net does.
 */
static __always_inline __u32 source_namespace(struct scratch *s, __u32 number, __u64 len)
{
	if (!is_proc_path(s, 0, len))
		return 0;
	switch (parse_proc_path(0, len, number)) {
	case PROC_FD:
		return namespace_of_file(file_of(s->proc.number, !s->proc.by_thread));
	case PROC_NS:
		return namespace_by_name(s->proc.word, !s->proc.by_thread);
	}
	return 0;
}

/* The type of the filesystem that a descriptor of fsmount or open_tree holds. */
static __always_inline __u64 put_moved_type(struct scratch *s, __u64 at, int fd)
{
	struct file *file = (void *)file_of(fd, false);

	return put_kernel_text(s, at, LOAD(file, f_path.mnt, mnt_sb, s_type, name));
}

static __always_inline __u64 put_saved_base(struct scratch *s, struct event_mount *e, __u64 at,
					    struct call *call)
{
	__u64 id = bpf_get_current_pid_tgid(), len = call->base_len;
	struct base *saved = bpf_map_lookup_elem(&bases, &id);

	if (!saved)
		return at;
	if (at < TEXT_START && len <= BASE_MAX) {
		bpf_probe_read_kernel(s->text + at, len, saved->text);
		e->base = call->base;
		e->base_truncated = call->base_truncated;
		e->base_len = len;
		at += len;
	}
	bpf_map_delete_elem(&bases, &id);
	return at;
}

/* Namespaces that are made are told of the whole host. */
#define BY_WATCHED_OR_OPENS_NAMESPACE(watched, arg, from) \
	(watched || arg(from, 2) & OPEN_TREE_NAMESPACE)
#define BY_WATCHED_OR_MOUNTS_NAMESPACE(watched, arg, from) \
	(watched || arg(from, 1) & FSMOUNT_NAMESPACE)

static __always_inline struct call *mount_call_enter(struct watched *w, __u32 kind,
						     const unsigned long *a, const bool twin)
{
	struct call *call = call_enter(w, kind, twin);

	if (!call)
		return NULL;
	__builtin_memcpy(call->args, a, sizeof(call->args));
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, 1);
	return call;
}

static __always_inline void save_base(struct call *call, __u64 id)
{
	struct event_mount *e;
	struct scratch *s;
	__u32 number;
	__u64 at;

	call->base = 0;
	call->base_len = 0;
	s = scratch_take(&number, EVENT_PIVOT_ROOT);
	if (!s)
		return;
	e = RECORD(s, event_mount);
	e->base = 0;
	e->base_len = 0;
	e->target_len = put_user_text(s, 0, (void *)call->args[0]);
	at = e->target_len;
	put_base(s, number, e, at, 0, AT_FDCWD);
	if (at < TEXT_START && e->base && e->base_len <= BASE_MAX &&
	    !bpf_map_update_elem(&bases, &id, s->text + at, BPF_ANY)) {
		call->base = 1;
		call->base_len = e->base_len;
		call->base_truncated = e->base_truncated;
	}
	scratch_give(s);
}

/* Fills and emits the record. Without paths, no path is followed: that is the most to verify. */
static __always_inline void put_mount(struct watched *w, struct scratch *s, __u32 number,
				      struct call *call, long ret, const bool paths)
{
	struct event_mount *e = RECORD(s, event_mount);
	struct arguments a = {};
	__u64 end = 0, target;

	__builtin_memset(e, 0, sizeof(*e));
	fill_call(&e->h, call, ret, w);
	arguments_of(call, &a);
	e->h.flags = a.flags;
	e->makes_namespace = a.makes_namespace;
	e->source_len = put_user_text(s, end, a.source);
	end += e->source_len;
	target = end;
	e->target_len = put_user_text(s, end, a.target);
	end += e->target_len;
	e->fs_type_len = put_user_text(s, end, a.fs_type);
	if (call->kind == EVENT_MOVE_MOUNT && !e->source_len)
		e->fs_type_len = put_moved_type(s, end, a.from);
	end += e->fs_type_len;
	e->data_len = put_user_text(s, end, a.data);
	end += e->data_len;
	e->name_len = put_user_text(s, end, a.name);
	end += e->name_len;
	if (call->kind == EVENT_PIVOT_ROOT)
		end = put_saved_base(s, e, end, call);
	else if (paths && has_target(call->kind))
		end = put_base(s, number, e, end, target, a.directory);
	if (paths && call->kind == EVENT_MOUNT)
		e->source_ns = source_namespace(s, number, e->source_len);
	EMIT(s, event_mount, end, false);
}

static __always_inline int mount_call_exit(long ret, const bool paths)
{
	struct watched *w = watched_current();
	struct scratch *s;
	struct call *call;
	__u32 number;

	if (!w && !filter.untracked_calls)
		return 0;
	call = call_current(w);
	if (!call || !is_mount_call(call->kind))
		return 0;
	s = scratch_take(&number, call->kind);
	if (s) {
		put_mount(w, s, number, call, ret, paths);
		scratch_give(s);
	}
	call_exit(call);
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, -1);
	return 0;
}

static __noinline int mount_ends(long ret)
{
	return mount_call_exit(ret, true);
}

static __always_inline int mount_exit(long ret)
{
	return UNLIKELY(current_may_be_watched() || filter.untracked_calls) ? mount_ends(ret) : 0;
}

/* The end of a call of which no path is followed then. */
static __noinline int pathless_ends(long ret)
{
	return mount_call_exit(ret, false);
}

static __always_inline int pathless_exit(long ret)
{
	return UNLIKELY(current_may_be_watched() || filter.untracked_calls) ? pathless_ends(ret) : 0;
}

#define MOUNT_ENTER(name, count, kind, wanted)                                         \
	static __always_inline int name##_enter(struct watched *w, const unsigned long *a, \
						const bool twin)                     \
	{                                                                              \
		mount_call_enter(w, kind, a, twin);                                  \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_ENTER(name, count, kind, wanted, name##_enter)

MOUNT_ENTER(mount, 5, EVENT_MOUNT, BY_WATCHED)
MOUNT_ENTER(umount, 2, EVENT_UMOUNT, BY_WATCHED)
MOUNT_ENTER(chroot, 1, EVENT_CHROOT, BY_WATCHED)
MOUNT_ENTER(open_tree, 3, EVENT_OPEN_TREE, BY_WATCHED_OR_OPENS_NAMESPACE)
MOUNT_ENTER(open_tree_attr, 3, EVENT_OPEN_TREE, BY_WATCHED_OR_OPENS_NAMESPACE)
MOUNT_ENTER(move_mount, 5, EVENT_MOVE_MOUNT, BY_WATCHED)
MOUNT_ENTER(fsopen, 2, EVENT_FSOPEN, BY_WATCHED)
MOUNT_ENTER(fsconfig, 4, EVENT_FSCONFIG, BY_WATCHED)
MOUNT_ENTER(fsmount, 3, EVENT_FSMOUNT, BY_WATCHED_OR_MOUNTS_NAMESPACE)
MOUNT_ENTER(mount_setattr, 3, EVENT_MOUNT_SETATTR, BY_WATCHED)

static __always_inline int pivot_root_enter(struct watched *w, const unsigned long *a, const bool twin)
{
	struct call *call = mount_call_enter(w, EVENT_PIVOT_ROOT, a, twin);

	if (call)
		save_base(call, bpf_get_current_pid_tgid());
	return 0;
}

SYSCALL_ENTER(pivot_root, 2, EVENT_PIVOT_ROOT, BY_WATCHED, pivot_root_enter)

/* Two for them all: the call remembers which it is. */
SYSCALL_EXIT(mount, EVENT_NONE, mount_exit)
SYSCALL_EXIT(pathless, EVENT_NONE, pathless_exit)
