// Package bpf observes how containers are started. It loads and attaches the
// BPF programs in c/, and returns their records as a stream of [collector.Event].
//
// The programs watch only processes that executed an engine, a shim, a monitor
// or a runtime by name, and the processes forked by those, up to a container's
// entrypoint (c/task.h draws it). New namespaces are reported for the whole host.
//
// They need Linux 5.10 with BTF, and root or CAP_BPF and CAP_PERFMON. Each probe
// is attached by the best mechanism that the kernel supports (c/entry.h). The
// tracepoints of system calls also need tracefs, which only root can read.
package bpf
