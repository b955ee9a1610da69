package bpf

// The structs of c/event.h are the only definition of a record: Go's are
// generated from them. The object files are committed, so that building needs no
// clang.

//go:generate go tool bpf2go -cc clang-14 -target amd64,arm64 -type event_kind -type lost_cause -type task_class -type event_cost -type event_header -type event_namespaces -type event_fork -type event_exec -type event_exit -type event_rename -type event_namespace -type event_mount -type event_cgroup -type event_netlink -type event_netns -type event_veth_end -type event_veth -type event_process -type origin probes c/probes.bpf.c -- -O2 -g -Wall -Werror -mcpu=v2 -I/usr/include/x86_64-linux-gnu
