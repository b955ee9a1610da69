package main

import (
	"os"
	"syscall"
)

// initialPIDNamespace is the inode number of the initial pid namespace
// (PROC_PID_INIT_INO, include/linux/proc_ns.h): events have its pids.
const initialPIDNamespace = 0xeffffffc

// seesAllProcesses reports whether /proc shows processes by the pids of events.
func seesAllProcesses() bool {
	info, err := os.Stat("/proc/self/ns/pid")
	return err == nil && info.Sys().(*syscall.Stat_t).Ino == initialPIDNamespace
}

// pidNamespaceNote returns what it means that the exporter is in a pid namespace of its
// own, "" if it is not.
func pidNamespaceNote() string {
	if seesAllProcesses() {
		return ""
	}
	return "not in the initial PID namespace: starts by runtimes outside of this one are nested, and names and images may be missing; " +
		"in a container use the host's (--pid=host, hostPID: true)"
}
