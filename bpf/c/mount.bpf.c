// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Mounts: mount(2) and its kin, the new mount API, pivot_root and chroot. */

#include "arguments.h"
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
 * Appends what target is relative to, or the descriptor that it names. An
 * absolute path that names none means what it says.
 */
static __always_inline __u64 put_base(struct scratch *s, struct event_mount *e, __u64 at,
				      const void *target, int directory)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct path path = {};
	struct file *file = NULL;
	__u64 end;
	char first = 0;

	if (target)
		bpf_probe_read_user(&first, 1, target);
	if (first == '/') {
		if (!parse_proc_path((__u64)target) || !s->proc.is_fd)
			return at;
		file = file_of((void *)s->proc.task, s->proc.number);
	} else if (directory != AT_FDCWD) {
		file = file_of(task, directory);
	} else if (first) {
		path.mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		path.dentry = BPF_CORE_READ(task, fs, pwd.dentry);
	}
	if (file) {
		path.mnt = BPF_CORE_READ(file, f_path.mnt);
		path.dentry = BPF_CORE_READ(file, f_path.dentry);
	}
	if (!path.mnt || !path.dentry || at >= TEXT_START)
		return at;
	end = walk_path((__u64)path.mnt, (__u64)path.dentry, at);
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

/* The namespace that a bind mount's source stands for, as /proc/.../ns/net does. */
static __always_inline __u32 source_namespace(struct scratch *s, const void *source)
{
	if (!source || !parse_proc_path((__u64)source))
		return 0;
	if (s->proc.is_fd)
		return namespace_of_file(file_of((void *)s->proc.task, s->proc.number));
	return namespace_by_name((void *)s->proc.task, s->proc.word);
}

/* The type of the filesystem that a descriptor of fsmount or open_tree holds. */
static __always_inline __u64 put_moved_type(struct scratch *s, __u64 at, int fd)
{
	struct file *file = file_of((void *)bpf_get_current_task(), fd);

	return put_kernel_text(s, at, BPF_CORE_READ(file, f_path.mnt, mnt_sb, s_type, name));
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

static __always_inline int mount_enter(struct call *call)
{
	if (task_current())
		call_enter(call);
	return 0;
}

static __always_inline int pivot_root_enter(struct call *call)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct event_mount *e;
	struct scratch *s;

	if (!task_current())
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_mount);
	e->base = 0;
	e->base_len = 0;
	put_base(s, e, 0, (void *)call->args[0], AT_FDCWD);
	if (e->base && e->base_len <= BASE_MAX && !bpf_map_update_elem(&bases, &id, s->text, BPF_ANY)) {
		call->base = 1;
		call->base_len = e->base_len;
		call->base_truncated = e->base_truncated;
	}
	call_enter(call);
	return 0;
}

static __always_inline int mount_exit(long ret)
{
	struct arguments a = {};
	struct event_mount *e;
	struct scratch *s;
	struct call call;
	__u64 end = 0;

	if (!call_exit(&call) || !is_mount_call(call.kind))
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	e = RECORD(s, event_mount);
	__builtin_memset(e, 0, sizeof(*e));
	fill_call(&e->h, &call, ret);
	arguments_of(&call, &a);
	e->h.flags = a.flags;
	e->source_len = put_user_text(s, end, a.source);
	end += e->source_len;
	e->target_len = put_user_text(s, end, a.target);
	end += e->target_len;
	e->fs_type_len = put_user_text(s, end, a.fs_type);
	if (call.kind == EVENT_MOVE_MOUNT && !e->source_len)
		e->fs_type_len = put_moved_type(s, end, a.from);
	end += e->fs_type_len;
	e->data_len = put_user_text(s, end, a.data);
	end += e->data_len;
	e->name_len = put_user_text(s, end, a.name);
	end += e->name_len;
	if (call.kind == EVENT_PIVOT_ROOT)
		end = put_saved_base(s, e, end, &call);
	else if (has_target(call.kind))
		end = put_base(s, e, end, a.target, a.directory);
	if (call.kind == EVENT_MOUNT)
		e->source_ns = source_namespace(s, a.source);
	EMIT(s, event_mount, end, false);
	return 0;
}

#define MOUNT_ENTER(name, kind_, handler, ...)                             \
	SEC("tracepoint/syscalls/sys_enter_" #name)                        \
	int sys_##name##_enter(struct syscall_enter *ctx)                  \
	{                                                                  \
		struct call call = {.kind = kind_, .args = {__VA_ARGS__}}; \
		return handler(&call);                                     \
	}

/* A program may read only the arguments that its call has. */
#define ARG(n) ctx->args[n]

MOUNT_ENTER(mount, EVENT_MOUNT, mount_enter, ARG(0), ARG(1), ARG(2), ARG(3), ARG(4))
MOUNT_ENTER(umount, EVENT_UMOUNT, mount_enter, ARG(0), ARG(1))
MOUNT_ENTER(pivot_root, EVENT_PIVOT_ROOT, pivot_root_enter, ARG(0), ARG(1))
MOUNT_ENTER(chroot, EVENT_CHROOT, mount_enter, ARG(0))
MOUNT_ENTER(open_tree, EVENT_OPEN_TREE, mount_enter, ARG(0), ARG(1), ARG(2))
MOUNT_ENTER(move_mount, EVENT_MOVE_MOUNT, mount_enter, ARG(0), ARG(1), ARG(2), ARG(3), ARG(4))
MOUNT_ENTER(fsopen, EVENT_FSOPEN, mount_enter, ARG(0), ARG(1))
MOUNT_ENTER(fsconfig, EVENT_FSCONFIG, mount_enter, ARG(0), ARG(1), ARG(2), ARG(3))
MOUNT_ENTER(fsmount, EVENT_FSMOUNT, mount_enter, ARG(0), ARG(1), ARG(2))
MOUNT_ENTER(mount_setattr, EVENT_MOUNT_SETATTR, mount_enter, ARG(0), ARG(1), ARG(2))

/* One program for the exits of them all: the call remembers which it is. */
SEC("tracepoint/syscalls/sys_exit_mount")
int sys_mount_exit(struct syscall_exit *ctx)
{
	return mount_exit(ctx->ret);
}
