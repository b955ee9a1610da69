// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* One object, because all programs share their maps. */

#include "process.bpf.c"
#include "exec.bpf.c"
#include "namespace.bpf.c"
#include "mount.bpf.c"
#include "cgroup.bpf.c"
#include "netlink.bpf.c"
#include "veth.bpf.c"
#include "listen.bpf.c"

/* The types for which Go code is generated: without a variable they are not in the object's BTF. */
#define EXPORT(type) const struct type *type##_type __attribute__((unused))
EXPORT(event_fork);
EXPORT(event_exec);
EXPORT(event_exit);
EXPORT(event_rename);
EXPORT(event_namespace);
EXPORT(event_mount);
EXPORT(event_cgroup);
EXPORT(event_netlink);
EXPORT(event_veth);
EXPORT(event_process);
EXPORT(origin);
const enum event_kind *event_kind_type __attribute__((unused));
const enum lost_cause *lost_cause_type __attribute__((unused));
const enum task_class *task_class_type __attribute__((unused));

/* bpf_get_current_task and other helpers require a GPL-compatible license. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
