package bpf

import (
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// raiseMemlock lifts the limit of locked memory, to which Linux before 5.11
// charges probes, and returns what sets it back: what the process executes later
// shall not inherit that. Where it may not be lifted, loading tells. Nothing is
// loaded later then: only for a module's types is there a program to load when
// the module comes, and modules have types since 5.11.
func raiseMemlock() (restore func()) {
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &before); err != nil {
		return func() {}
	}
	_ = rlimit.RemoveMemlock()
	return func() { _ = unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &before, nil) } // lowers it: always allowed
}
