/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What each argument of each mount call means. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "calls.h"

/* include/uapi/linux/mount.h: the commands of fsconfig that have a string as value */
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4

static __always_inline bool is_mount_call(__u32 kind)
{
	return kind >= EVENT_MOUNT && kind <= EVENT_MOUNT_SETATTR;
}

/* The arguments of a call, by their field in the record. */
struct arguments {
	const void *source;
	const void *target;
	const void *fs_type;
	const void *data;
	const void *name;
	__u64 flags;
	int directory; /* that target is relative to */
	bool makes_namespace;
	int from;      /* move_mount: the descriptor of the moved mount, if source is empty */
};

static __always_inline void arguments_of(struct call *call, struct arguments *a)
{
	__u64 *args = call->args;

	a->directory = AT_FDCWD;
	a->from = -1;
	switch (call->kind) {
	case EVENT_MOUNT:
		a->source = (void *)args[0];
		a->target = (void *)args[1];
		a->fs_type = (void *)args[2];
		a->flags = args[3];
		a->data = (void *)args[4];
		break;
	case EVENT_UMOUNT:
		a->target = (void *)args[0];
		a->flags = args[1];
		break;
	case EVENT_PIVOT_ROOT:
		a->target = (void *)args[0];
		a->data = (void *)args[1];
		break;
	case EVENT_CHROOT:
		a->target = (void *)args[0];
		break;
	case EVENT_OPEN_TREE:
		a->makes_namespace = args[2] & OPEN_TREE_NAMESPACE;
		/* fallthrough */
	case EVENT_MOUNT_SETATTR:
		a->directory = args[0];
		a->target = (void *)args[1];
		a->flags = args[2];
		break;
	case EVENT_MOVE_MOUNT:
		a->from = args[0];
		a->source = (void *)args[1];
		a->directory = args[2];
		a->target = (void *)args[3];
		a->flags = args[4];
		break;
	case EVENT_FSOPEN:
		a->fs_type = (void *)args[0];
		a->flags = args[1];
		break;
	case EVENT_FSCONFIG:
		a->flags = args[1];
		a->name = (void *)args[2];
		if (a->flags == FSCONFIG_SET_STRING || a->flags == FSCONFIG_SET_PATH ||
		    a->flags == FSCONFIG_SET_PATH_EMPTY)
			a->data = (void *)args[3];
		break;
	case EVENT_FSMOUNT:
		a->flags = args[2]; /* the mount's attributes */
		a->makes_namespace = args[1] & FSMOUNT_NAMESPACE;
		break;
	}
}

/* Whether a call has a target, which may be relative or name a descriptor. */
static __always_inline bool has_target(__u32 kind)
{
	return kind != EVENT_FSOPEN && kind != EVENT_FSCONFIG && kind != EVENT_FSMOUNT;
}

#endif
