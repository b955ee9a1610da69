package bpf

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/internal/boottime"
)

// bootNow returns the boot time in nanoseconds, the clock of all events.
func bootNow() int64 { return boottime.Now() }

func clock(id int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		// cannot happen: Linux always has the clocks
		panic(fmt.Sprintf("read clock %d: %v", id, err))
	}
	return t.Nano()
}

// clockEvent returns the wall clock at a boot time: the tightest of several
// samples, as the process may be preempted within one.
func clockEvent() *event.Event {
	e := &event.Event{Kind: event.KindClock, Format: event.FormatVersion}
	tightest := int64(math.MaxInt64)
	for range 5 {
		before := bootNow()
		wall := clock(unix.CLOCK_REALTIME)
		after := bootNow()
		if after-before < tightest {
			tightest = after - before
			e.Time, e.Wall = before+(after-before)/2, wall
		}
	}
	return e
}
