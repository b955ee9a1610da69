// Package bundle reads what kernel events do not contain: the config.json of a
// bundle when a runtime is executed on it, and the state files in which an engine
// keeps the container's name. It queries no daemon.
package bundle

import (
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
)

// deadline limits how long reading one bundle may delay the events, as a file
// system may hang. A bundle that is read later is added later.
const deadline = 100 * time.Millisecond

// maxReads limits the concurrent reads, including those that hang.
const maxReads = 16

// Reader passes events on, and adds a bundle event after each execution of a
// runtime's create or run: the facts in its bundle.
type Reader struct {
	next     func(*event.Event)
	recent   recent
	slots    chan struct{}     // one for each running read
	read     chan *event.Event // results: nil if a bundle could not be read
	ownMntNS uint64
	unread   atomic.Uint64
}

// NewReader returns a reader that passes events on to next.
func NewReader(next func(*event.Event)) *Reader {
	r := &Reader{
		next: next, slots: make(chan struct{}, maxReads), read: make(chan *event.Event, maxReads),
	}
	if info, err := os.Stat("/proc/self/ns/mnt"); err == nil {
		r.ownMntNS = info.Sys().(*syscall.Stat_t).Ino
	}
	return r
}

// Unread returns how many bundles could not be read. It is safe for concurrent use.
func (r *Reader) Unread() uint64 { return r.unread.Load() }

// Handle passes an event on. Before it come the bundle events that were read
// late; after it the one of this execution, if it is read within the deadline.
// Handle is not safe for concurrent use.
func (r *Reader) Handle(e *event.Event) {
	for len(r.read) > 0 {
		r.add(<-r.read)
	}
	r.next(e)
	if e.Kind != event.KindExec || e.Ret < 0 {
		return
	}
	c, ok := runtime.Parse(e.Args)
	if !ok || c.Name != "create" && c.Name != "run" {
		return
	}
	if !r.recent.add(e.PID, e.StartTime) {
		return // the runtime executed itself again
	}
	select {
	case r.slots <- struct{}{}:
		go r.readFor(e, r.bundleDir(e, c.Bundle), c.ID)
	default:
		r.unread.Add(1) // earlier reads hang
		return
	}
	select {
	case bundle := <-r.read:
		r.add(bundle)
	case <-time.After(deadline):
	}
}

// add frees the slot of a read and passes its result on.
func (r *Reader) add(bundle *event.Event) {
	<-r.slots
	if bundle == nil {
		r.unread.Add(1) // its facts are absent
		return
	}
	r.next(bundle)
}

// readFor reads the bundle of container id, on which e executed a runtime.
func (r *Reader) readFor(e *event.Event, dir location, id string) {
	bundle, err := readBundle(dir, id)
	if err != nil {
		r.read <- nil
		return
	}
	r.read <- &event.Event{
		Time: bootTime(), Kind: event.KindBundle, PID: e.PID, StartTime: e.StartTime, Comm: e.Comm,
		Path: dir.path, Bundle: bundle,
	}
}

// location is a directory in a mount namespace that may not be the exporter's.
type location struct {
	path string // in that mount namespace
	root string // prefix for the exporter: "" or /proc/PID/root
}

func (l location) file(name string) string { return l.root + filepath.Join(l.path, name) }

// bundleDir returns the location of a runtime's bundle: in the runtime's mount
// namespace, and relative to its working directory, which is the default.
func (r *Reader) bundleDir(e *event.Event, bundle string) location {
	proc := "/proc/" + strconv.Itoa(e.PID)
	l := location{path: bundle}
	if !filepath.IsAbs(bundle) {
		if cwd, err := os.Readlink(proc + "/cwd"); err == nil {
			l.path = filepath.Join(cwd, bundle)
		}
	}
	if uint64(e.MntNS) != r.ownMntNS {
		l.root = proc + "/root"
	}
	return l
}

// recent remembers the last 256 processes.
type recent struct {
	ring [256]struct {
		pid  int
		born int64
	}
	next int
}

// add remembers a process. It returns false if that is remembered already.
func (r *recent) add(pid int, born int64) bool {
	for _, p := range r.ring {
		if p.pid == pid && p.born == born {
			return false
		}
	}
	r.ring[r.next].pid, r.ring[r.next].born = pid, born
	r.next = (r.next + 1) % len(r.ring)
	return true
}

// bootTime returns CLOCK_BOOTTIME in nanoseconds, 0 if it cannot be read.
func bootTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}
