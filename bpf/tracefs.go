package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

const tracefsDir = "/sys/kernel/tracing"

// withTracefs calls f in a thread that sees tracefs. If it is not mounted,
// withTracefs mounts it for one new thread alone, which runs f and ends after it:
// the host does not see the mount. If that fails, it calls f with the error, as
// only the tracepoints of system calls need tracefs. Nothing may look for tracefs
// before: the ebpf library remembers what it found.
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
		return noTracefs("create a mount namespace for it", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return noTracefs("make mounts private for it", err)
	}
	if err := unix.Mount("tracefs", tracefsDir, "tracefs", 0, ""); err != nil {
		return noTracefs("mount it on "+tracefsDir, err)
	}
	return nil
}

// noTracefs returns why tracefs could not be mounted.
func noTracefs(step string, err error) error {
	r := Reason{Obstacle: NoTracefs, Err: fmt.Errorf("%s: %w", step, err)}
	if errors.Is(err, fs.ErrPermission) {
		r.Needs = []int{unix.CAP_SYS_ADMIN}
	}
	return r
}
