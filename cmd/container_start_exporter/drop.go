package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// Once the probes are attached, few capabilities are of use: what reads the
// bundles of containers, and what attaches the hooks that still wait for their
// module. All others are dropped, for good and in all threads. What is attached
// stays so, and what the probes count is read from memory that is mapped.
//
// The user stays who he is: root goes on to read what is root's alone, as
// bundles and the key of the web server, also without CAP_DAC_READ_SEARCH. Who
// would not have it be root starts it as another user.
var (
	toRead   = []cap.Value{cap.SYS_PTRACE, cap.DAC_READ_SEARCH}
	toAttach = []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_ADMIN}
)

// moduleStep is how often is looked whether hooks still wait for a module.
const moduleStep = 5 * time.Second

// dropPrivileges drops what the probes do not need any more, unless the user
// wants to keep it; and the rest of it when no hook waits any more.
func (c *common) dropPrivileges(probes *bpf.Probes, also ...cap.Value) error {
	if c.keepPrivileges {
		return nil
	}
	keep := slices.Concat(toRead, also)
	if !waiting(probes.Hooks()) {
		return dropAllBut(keep)
	}
	go func() {
		for waiting(probes.Hooks()) {
			time.Sleep(moduleStep)
		}
		_ = dropAllBut(keep) // it went well before
	}()
	return dropAllBut(slices.Concat(toAttach, keep))
}

// dropAllBut drops all capabilities but these from all sets, and sees to it
// that none can be had again.
func dropAllBut(keep []cap.Value) error {
	if err := setCapabilities(keep); err != nil {
		return fmt.Errorf("drop privileges: %w: --privileges.keep goes on with all of them", err)
	}
	return nil
}

func setCapabilities(keep []cap.Value) error {
	old, err := cap.GetPID(0)
	if err != nil {
		return err
	}
	left := cap.NewSet()
	for _, c := range keep {
		for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
			if held, _ := old.GetFlag(flag, c); held {
				_ = left.SetFlag(flag, true, c) // one that was held exists
			}
		}
	}
	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	if err := cap.ResetAmbient(); err != nil {
		return err
	}
	if may, _ := old.GetFlag(cap.Effective, cap.SETPCAP); may { // else nothing can be gained by it either
		if err := cap.DropBound(bounding()...); err != nil {
			return err
		}
	}
	return left.SetProc()
}

// bounding are the capabilities that could be had by executing a file.
func bounding() (set []cap.Value) {
	for c := cap.Value(0); c < cap.MaxBits(); c++ {
		if in, err := cap.GetBound(c); err == nil && in {
			set = append(set, c)
		}
	}
	return set
}
