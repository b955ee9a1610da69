package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"container_start_exporter/collector/engine"
	"container_start_exporter/internal/proc"
)

// What it means if the exporter's pid namespace is not the host's: whose pids it has.
const (
	noteNode = "of a node that is a container (kind, k3d, minikube): starts outside of it are left out, and counted"
	noteOwn  = "of a PID namespace of the exporter's own, in which no engine runs: it sees no start on the host; " +
		"run it in the host's PID namespace (--pid=host, hostPID: true)"
	noteForeign = "in /proc are of another PID namespace than the exporter's: names and images are missing; " +
		"run it in the host's PID namespace (--pid=host, hostPID: true), or with a /proc of its own (unshare --mount-proc)"
)

// pidNamespace describes the pid namespace that the exporter is in, and whether it is
// there by mistake; "" if it is the host's.
func pidNamespace() (note string, mistaken bool) {
	number := proc.PIDNamespace()
	switch {
	case !proc.ShowsOwnPIDs():
		return noteForeign, true
	case proc.IsInitial(number):
		return "", false
	case isNode("/proc"):
		return noteNode, false
	}
	return noteOwn, true
}

// isNode reports whether an engine runs in the pid namespace that a /proc shows, or may
// run later, because its pid 1 is a system's init. So does a node that is a container; a
// container with the exporter alone, its init or its pause container does not. If pid 1
// is hidden, as with hidepid, the others may be, too: then it may be a node.
func isNode(dir string) bool {
	switch name(filepath.Join(dir, "1")) {
	case "", "systemd", "init":
		return true
	}
	processes, _ := filepath.Glob(filepath.Join(dir, "[1-9]*"))
	return slices.ContainsFunc(processes, func(p string) bool { return isEngine(name(p)) })
}

// name returns the name of the process with a directory in /proc, "" if it is hidden or
// has exited.
func name(dir string) string {
	comm, _ := os.ReadFile(filepath.Join(dir, "comm"))
	return strings.TrimSuffix(string(comm), "\n")
}

// isEngine reports whether a process with that name, of which the kernel keeps 15 bytes,
// may be an engine's daemon, shim or monitor.
func isEngine(name string) bool {
	return slices.ContainsFunc(engine.Executables(), func(e string) bool { return name == e[:min(len(e), 15)] })
}
