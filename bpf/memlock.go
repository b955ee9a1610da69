package bpf

import "golang.org/x/sys/unix"

// keepMemlock returns what sets the limit of locked memory back to what it is
// now. Before Linux 5.11 the probes are charged to it, so that loading them
// raises it; what the process executes later shall not inherit that. Nothing is
// loaded later then: only for a module's types is there a program to load when
// the module comes, and modules have types since 5.11.
func keepMemlock() (restore func()) {
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &before); err != nil {
		return func() {}
	}
	return func() { _ = unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &before, nil) } // lowers it: always allowed
}
