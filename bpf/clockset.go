package bpf

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// stepTimeout is how long the reader waits to learn when the wall clock was set, once it
// has seen that it was.
const stepTimeout = 100 * time.Millisecond

// clockWatch notices at once when the wall clock is set, so that what happened before is
// dated by the clock before. A nil one notices nothing.
type clockWatch struct {
	timer *os.File
	steps chan *event.Event // a clock event after each time that it was set
}

// newClockWatch starts to watch the wall clock.
func newClockWatch() (*clockWatch, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	// a timer that never expires, and is cancelled when the clock is set (timerfd_create(2))
	never := unix.ItimerSpec{Value: unix.Timespec{Sec: 1 << 40}}
	if err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("timerfd_settime", err)
	}
	w := &clockWatch{timer: os.NewFile(uintptr(fd), "timerfd"), steps: make(chan *event.Event, 64)}
	go w.run()
	return w, nil
}

// run emits steps until the watch is closed. If nobody receives them, they are dropped:
// the reader compares the clocks itself.
func (w *clockWatch) run() {
	var expirations [8]byte
	for {
		if _, err := w.timer.Read(expirations[:]); err != nil && !errors.Is(err, unix.ECANCELED) {
			return
		}
		select {
		case w.steps <- clockEvent():
		default:
		}
	}
}

// fetch returns the steps so far. If wait is true and there is none, it waits for one.
func (w *clockWatch) fetch(wait bool) (steps []*event.Event) {
	if w == nil {
		return nil
	}
	if wait && len(w.steps) == 0 {
		select {
		case step := <-w.steps:
			steps = append(steps, step)
		case <-time.After(stepTimeout):
		}
	}
	for len(w.steps) > 0 {
		steps = append(steps, <-w.steps)
	}
	return steps
}

func (w *clockWatch) close() {
	if w != nil {
		_ = w.timer.Close()
	}
}
