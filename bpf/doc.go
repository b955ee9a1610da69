// Package bpf is the exporter's eyes: BPF programs that watch how containers
// are started, and what loads, attaches and reads them. Out comes a stream of
// [collector.Event].
//
// The programs watch only processes that executed an engine, a shim, a monitor
// or a runtime by name, and what those forked, up to a container's entrypoint
// (c/task.h draws it). The making of namespaces is told of the whole host.
//
// They need Linux 5.10 with BTF, and root or CAP_BPF and CAP_PERFMON. Each hook
// is attached by the best mechanism that the kernel has (c/entry.h); the
// tracepoints of system calls also need tracefs, which root alone can read.
package bpf
