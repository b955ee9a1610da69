package bpf

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

const tracefsDir = "/sys/kernel/tracing"

// ErrNoTracefs is why tracepoints are not attached where tracefs is not
// mounted, and cannot be.
var ErrNoTracefs = errors.New("tracefs is not mounted")

// withTracefs calls f where tracefs is mounted. Where it is not, it is mounted
// for one thread alone, which f runs on and which ends then: the host does not
// see the mount. An error does not keep f from being called: tracefs is needed
// for the system calls' tracepoints only. Nothing may have looked for tracefs
// before: the library that does remembers what it found.
func withTracefs(f func(oneThread bool, missing error)) {
	if tracefsMounted() {
		f(false, nil)
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		f(true, mountTracefs())
	}()
	<-done
}

func tracefsMounted() bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && strings.Contains(string(mounts), " - tracefs ")
}

func mountTracefs() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("%w, and making a mount namespace for it: %w", ErrNoTracefs, err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("%w, and making mounts private for it: %w", ErrNoTracefs, err)
	}
	if err := unix.Mount("tracefs", tracefsDir, "tracefs", 0, ""); err != nil {
		return fmt.Errorf("%w, and mounting it on %s: %w", ErrNoTracefs, tracefsDir, err)
	}
	return nil
}
