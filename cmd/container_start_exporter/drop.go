package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// Once the probes are attached, few capabilities are still needed: those that
// read the bundles of containers, and those that attach probes whose module is not
// loaded yet. All others are dropped, for good and in all threads. What is
// attached stays attached, and the probes' counters are read from mapped memory.
//
// The user does not change: root can still read files owned by root, such as
// bundles and the key of the web server, without CAP_DAC_READ_SEARCH too. To run
// as another user, start the exporter as that user.
var (
	readCapabilities   = []cap.Value{cap.SYS_PTRACE, cap.DAC_READ_SEARCH}
	attachCapabilities = []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_ADMIN}
)

// modulePollInterval is how often dropPrivileges checks whether probes still
// wait for a module.
const modulePollInterval = 5 * time.Second

// dropPrivileges drops the capabilities that the attached probes do not need,
// unless --privileges.keep is set. It keeps those to attach probes until no probe
// waits for its module. Those in also are kept as well.
func (c *common) dropPrivileges(probes *bpf.Probes, also ...cap.Value) error {
	if c.keepPrivileges {
		return nil
	}
	keep := slices.Concat(readCapabilities, also)
	if !anyWaiting(probes.Status()) {
		return dropAllBut(keep)
	}
	go func() {
		for anyWaiting(probes.Status()) {
			time.Sleep(modulePollInterval)
		}
		_ = dropAllBut(keep) // the first call succeeded
	}()
	return dropAllBut(slices.Concat(attachCapabilities, keep))
}

// dropAllBut drops all capabilities but these from all sets, and prevents the
// process from gaining any again.
func dropAllBut(keep []cap.Value) error {
	if err := setCapabilities(keep); err != nil {
		return fmt.Errorf("drop privileges: %w: to continue with all of them, use --privileges.keep", err)
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
				_ = left.SetFlag(flag, true, c) // no error: it was held, so it exists
			}
		}
	}
	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	if err := cap.ResetAmbient(); err != nil {
		return err
	}
	if may, _ := old.GetFlag(cap.Effective, cap.SETPCAP); may { // without it, nothing can be gained through the bounding set either
		if err := cap.DropBound(boundingSet()...); err != nil {
			return err
		}
	}
	return left.SetProc()
}

// boundingSet returns the capabilities that executing a file can still gain.
func boundingSet() (set []cap.Value) {
	for c := cap.Value(0); c < cap.MaxBits(); c++ {
		if in, err := cap.GetBound(c); err == nil && in {
			set = append(set, c)
		}
	}
	return set
}
