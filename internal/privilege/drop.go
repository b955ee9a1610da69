package privilege

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// The capabilities that attached probes leave a use for: those that read the
// bundles of containers, and those that attach probes whose module is not loaded
// yet.
var (
	readBundles  = []cap.Value{cap.SYS_PTRACE, cap.DAC_READ_SEARCH}
	attachProbes = []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_ADMIN}
)

// pollInterval is how often Drop calls waiting. Tests shorten it.
var pollInterval = 5 * time.Second

// Drop drops, for good and in all threads, all capabilities but those that read
// the bundles of containers and those in keep. It keeps those that attach probes
// until waiting returns false: whether a probe still waits for its module. What is
// attached stays attached, and the probes' counters are read from mapped memory.
//
// The user does not change: root can still read files owned by root, such as
// bundles and the key of the web server, without CAP_DAC_READ_SEARCH too. To run
// as another user, start the exporter as that user.
func Drop(waiting func() bool, keep ...cap.Value) error {
	keep = slices.Concat(readBundles, keep)
	if !waiting() {
		return dropAllBut(keep)
	}
	go func() {
		for waiting() {
			time.Sleep(pollInterval)
		}
		_ = dropAllBut(keep) // the first call succeeded
	}()
	return dropAllBut(slices.Concat(attachProbes, keep))
}

// dropAllBut drops all capabilities but these from all sets, and prevents the
// process from gaining any again.
func dropAllBut(keep []cap.Value) error {
	if err := setCapabilities(keep); err != nil {
		return fmt.Errorf("drop privileges: %w", err)
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
