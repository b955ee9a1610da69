// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Mounts: mount(2) and its kin, the new mount API, pivot_root and chroot. */

#include "arguments.h"
#include "entry.h"
#include "path.h"

#define BASE_MAX 4096UL

/* The path of pivot_root's new root, resolved at the entry: at the exit it is "/". */
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
 * Appends the path of the directory that target is relative to, or of the file
 * behind the descriptor that target names; target is the offset of its text.
 * Any other absolute path needs no base. Returns the new offset.
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
 * The inode of the namespace that a bind mount's source, the first text, refers
 * to, such as /proc/.../ns/net; 0 if it refers to none.
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

/* Appends the filesystem type of the mount behind a descriptor of fsmount or open_tree. */
static __always_inline __u64 put_moved_type(struct scratch *s, __u64 at, int fd)
{
	struct file *file = (void *)file_of(fd, false);

	return put_kernel_text(s, at, LOAD(file, f_path.mnt, mnt_sb, s_type, name));
}

/* Appends the path that save_base saved; returns the new offset. */
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

/* New mount namespaces are reported for the whole host. */
#define BY_WATCHED_OR_OPENS_NAMESPACE(watched, arg, from) \
	(watched || arg(from, 2) & OPEN_TREE_NAMESPACE)
#define BY_WATCHED_OR_MOUNTS_NAMESPACE(watched, arg, from) \
	(watched || arg(from, 1) & FSMOUNT_NAMESPACE)

static __always_inline struct call *begin_mount_call(struct watched *w, __u32 kind,
						     const unsigned long *args, const bool twin)
{
	struct call *call = call_begin(w, kind, twin);

	if (!call)
		return NULL;
	__builtin_memcpy(call->args, args, sizeof(call->args));
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, 1);
	return call;
}

/* Resolves and saves the path of pivot_root's new root for the exit. */
static __always_inline void save_base(struct call *call, __u64 id)
{
	struct event_mount *e;
	struct scratch *s;
	__u32 number;
	__u64 at;

	call->base = 0;
	call->base_len = 0;
	s = scratch_acquire(&number, EVENT_PIVOT_ROOT);
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
	scratch_release(s);
}

/* Fills and emits the record. paths: also follow paths, which is most of the work of the verifier. */
static __always_inline void emit_mount(struct watched *w, struct scratch *s, __u32 number,
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

static __always_inline int end_mount_call(long ret, const bool paths)
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
	s = scratch_acquire(&number, call->kind);
	if (s) {
		emit_mount(w, s, number, call, ret, paths);
		scratch_release(s);
	}
	call_end(call);
	if (!w)
		__sync_fetch_and_add(&filter.untracked_calls, -1);
	return 0;
}

static __noinline int mount_exit_slow(long ret)
{
	return end_mount_call(ret, true);
}

static __always_inline int mount_exit(long ret)
{
	return UNLIKELY(current_may_be_watched() || filter.untracked_calls) ? mount_exit_slow(ret) : 0;
}

/* The exit of a call that needs no path followed at its exit. */
static __noinline int pathless_exit_slow(long ret)
{
	return end_mount_call(ret, false);
}

static __always_inline int pathless_exit(long ret)
{
	return UNLIKELY(current_may_be_watched() || filter.untracked_calls) ? pathless_exit_slow(ret) : 0;
}

static __always_inline int begin_pivot_root(struct watched *w, const unsigned long *args, const bool twin)
{
	struct call *call = begin_mount_call(w, EVENT_PIVOT_ROOT, args, twin);

	if (call)
		save_base(call, bpf_get_current_pid_tgid());
	return 0;
}

#define MOUNT_ENTER(name, count, kind, wanted)                                         \
	static __always_inline int begin_##name(struct watched *w, const unsigned long *args, \
						const bool twin)                       \
	{                                                                              \
		begin_mount_call(w, kind, args, twin);                                 \
		return 0;                                                              \
	}                                                                              \
	SYSCALL_ENTER(name, count, kind, wanted, begin_##name)

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
SYSCALL_ENTER(pivot_root, 2, EVENT_PIVOT_ROOT, BY_WATCHED, begin_pivot_root)

/* Two exits for all of them: struct call has the kind. */
SYSCALL_EXIT(mount, EVENT_NONE, mount_exit)
SYSCALL_EXIT(pathless, EVENT_NONE, pathless_exit)
