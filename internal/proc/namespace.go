package proc

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"syscall"
)

// initialPIDNamespace is the inode number of the initial pid namespace
// (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const initialPIDNamespace = 0xeffffffc

// PIDNamespace returns the inode number of the exporter's pid namespace, 0 if it cannot
// be read.
func PIDNamespace() uint32 {
	info, err := os.Stat("/proc/self/ns/pid")
	if err != nil {
		return 0
	}
	return uint32(info.Sys().(*syscall.Stat_t).Ino)
}

// IsInitial reports whether a pid namespace is the initial one: the host's.
func IsInitial(pidNamespace uint32) bool { return pidNamespace == initialPIDNamespace }

// ShowsOwnPIDs reports whether /proc has the pids of the exporter's pid namespace, as
// the kernel's events do. It may have been mounted in another one.
func ShowsOwnPIDs() bool {
	status, err := os.ReadFile("/proc/self/status")
	return err == nil && pidNamespacesShown(status) == 1
}

// pidNamespacesShown returns of how many pid namespaces a status shows the pids: of the
// one that /proc was mounted in, and of those below it down to the process's.
func pidNamespacesShown(status []byte) int {
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if pids, found := strings.CutPrefix(lines.Text(), "NSpid:"); found {
			return len(strings.Fields(pids))
		}
	}
	return 0
}
