// Package boottime is the clock of the kernel's events: CLOCK_BOOTTIME as the kernel has
// it, and not as the exporter's time namespace shows it (time_namespaces(7)).
package boottime

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Now returns CLOCK_BOOTTIME of the kernel, in nanoseconds.
func Now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		// cannot happen: Linux always has this clock
		panic(fmt.Sprintf("read CLOCK_BOOTTIME: %v", err))
	}
	return t.Nano() - offset()
}

// Shown returns how the exporter's time namespace shows a boot time of the kernel, in
// /proc/PID/stat for example; both in nanoseconds.
func Shown(kernel int64) int64 { return kernel + offset() }

// offset returns what the exporter's time namespace adds to the boot time, in
// nanoseconds. It cannot change: the namespace has processes.
var offset = sync.OnceValue(func() int64 {
	if isLeft() {
		return 0
	}
	text, err := os.ReadFile("/proc/self/timens_offsets")
	if err != nil {
		return 0 // a kernel without time namespaces
	}
	return parseOffsets(text)
})

// isLeft reports whether only the exporter's children are in the time namespace whose
// offsets /proc shows: it has made one, and has not executed a program since.
func isLeft() bool {
	own, err := os.Readlink("/proc/self/ns/time")
	children, childrenErr := os.Readlink("/proc/self/ns/time_for_children")
	return err == nil && childrenErr == nil && own != children
}

// parseOffsets returns the offset of the boot time, in nanoseconds, from lines of `CLOCK
// SECONDS NANOSECONDS`; 0 if there is none.
func parseOffsets(text []byte) int64 {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var seconds, nanoseconds int64
		if n, _ := fmt.Sscanf(lines.Text(), "boottime %d %d", &seconds, &nanoseconds); n == 2 {
			return seconds*1e9 + nanoseconds
		}
	}
	return 0
}
