// Package host reads what the kernel's events do not say: the config.json of a
// bundle when the runtime is executed on it, and the state file in which an
// engine keeps the container's name. It asks no daemon.
package host

import (
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector"
	"container_start_exporter/collector/runtime"
)

// deadline bounds the time for which reading one bundle may hold up the
// events: a file system may hang. What is read later is added later.
const deadline = 100 * time.Millisecond

// maxReads bounds the reads at one time, those included that hang.
const maxReads = 16

// Annotator adds to each execution of a runtime's create or run an event that
// says what its bundle holds.
type Annotator struct {
	next   func(*collector.Event)
	recent recent
	slots  chan struct{}
	read   chan *collector.Event // what was read: nil where it could not be
	ownMnt uint64
	unread atomic.Uint64
}

// NewAnnotator makes an annotator that passes events on to next.
func NewAnnotator(next func(*collector.Event)) *Annotator {
	a := &Annotator{
		next: next, slots: make(chan struct{}, maxReads), read: make(chan *collector.Event, maxReads),
	}
	if info, err := os.Stat("/proc/self/ns/mnt"); err == nil {
		a.ownMnt = info.Sys().(*syscall.Stat_t).Ino
	}
	return a
}

// Unread is how many bundles could not be read. It may be called at any time.
func (a *Annotator) Unread() uint64 { return a.unread.Load() }

// Handle passes an event on, and after it what there is to add. It is not safe
// for concurrent use.
func (a *Annotator) Handle(e *collector.Event) {
	for len(a.read) > 0 {
		a.add(<-a.read)
	}
	a.next(e)
	if e.Kind != collector.KindExec || e.Ret < 0 {
		return
	}
	c, ok := runtime.Parse(e.Args)
	if !ok || c.Name != "create" && c.Name != "run" {
		return
	}
	if !a.recent.add(e.PID, e.Born) {
		return // it executes itself again
	}
	select {
	case a.slots <- struct{}{}:
		go a.describe(e, a.directory(e, c.Bundle), c.ID)
	default:
		a.unread.Add(1) // earlier reads hang
		return
	}
	select {
	case bundle := <-a.read:
		a.add(bundle)
	case <-time.After(deadline):
	}
}

// add passes on what was read.
func (a *Annotator) add(bundle *collector.Event) {
	<-a.slots
	if bundle == nil {
		a.unread.Add(1) // what it says is absent
		return
	}
	a.next(bundle)
}

// describe reads a bundle for the execution of a runtime.
func (a *Annotator) describe(e *collector.Event, dir place, id string) {
	bundle, err := readBundle(dir, id)
	if err != nil {
		a.read <- nil
		return
	}
	a.read <- &collector.Event{
		Time: bootTime(), Kind: collector.KindBundle, PID: e.PID, Born: e.Born, Comm: e.Comm,
		Path: dir.path, Bundle: bundle,
	}
}

// place is a directory as the runtime names it, and as we reach it.
type place struct {
	path string
	root string // prefix: "" or /proc/PID/root
}

func (p place) file(name string) string { return p.root + filepath.Join(p.path, name) }

// directory is where a runtime finds its bundle: in its own mount namespace,
// and in its working directory where it is given no other.
func (a *Annotator) directory(e *collector.Event, bundle string) place {
	proc := "/proc/" + strconv.Itoa(e.PID)
	p := place{path: bundle}
	if !filepath.IsAbs(bundle) {
		if cwd, err := os.Readlink(proc + "/cwd"); err == nil {
			p.path = filepath.Join(cwd, bundle)
		}
	}
	if uint64(e.MntNS) != a.ownMnt {
		p.root = proc + "/root"
	}
	return p
}

// recent remembers the latest processes.
type recent struct {
	ring [256]struct {
		pid  int
		born int64
	}
	next int
}

// add returns false if the process is remembered already.
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

// bootTime is now by CLOCK_BOOTTIME, in nanoseconds.
func bootTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}
