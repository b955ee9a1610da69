package bpf

import (
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// raiseMemlock lifts the limit on locked memory, to which Linux before 5.11
// charges BPF programs and maps. It returns the function that restores the limit:
// programs that this process executes later must not inherit the lifted one. If
// it cannot be lifted, loading returns an error. Restoring it is safe: programs
// loaded later are only those that need a module's BTF, which exists since 5.11.
func raiseMemlock() (restore func()) {
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &before); err != nil {
		return func() {}
	}
	_ = rlimit.RemoveMemlock()
	return func() { _ = unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &before, nil) } // lowering it is always allowed
}
