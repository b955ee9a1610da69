// Package bundle reads what kernel events do not contain: the config.json of a
// bundle when a runtime is executed on it, and the state files in which an engine
// keeps the container's name. It queries no daemon.
//
// Any container and any user of the host can have a file of its own read, by executing
// a file with the name of a runtime. So a file is read only if that can neither have an
// effect nor lead out of the runtime's root directory (root.go), whatever it contains
// is bounded (json.go, config.go), and a file system that hangs delays its own bundles
// only (gate.go, allowance.go).
package bundle

import (
	"hash/maphash"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/internal/boottime"
)

// Reader passes events on, and adds a bundle event after each execution of a
// runtime's create or run: the facts in its bundle.
type Reader struct {
	next     func(*event.Event)
	recent   recent
	forks    forks
	gate     *gate
	read     chan *reading
	pending  int
	patience sides // ns
	unread   atomic.Uint64
}

// maxPending limits the bundles that are being read, or wait for that.
const maxPending = 1024

// reading is the reading of one bundle. Once it is sent, bundle is its result: nil if
// it could not be read.
type reading struct{ bundle *event.Event }

// NewReader returns a reader that passes events on to next.
func NewReader(next func(*event.Event)) *Reader {
	return &Reader{
		next: next, gate: newGate(mntNSOf("self"), mntNSOf("1")), read: make(chan *reading, maxPending),
		patience: newSides(float64(patience), float64(patienceHost), float64(patienceForeign)),
	}
}

// mntNSOf returns the inode number of a process's mount namespace, 0 if it cannot be
// read.
func mntNSOf(pid string) uint32 {
	info, err := os.Stat("/proc/" + pid + "/ns/mnt")
	if err != nil {
		return 0
	}
	return uint32(info.Sys().(*syscall.Stat_t).Ino)
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
	if e.Kind == event.KindFork {
		r.forks.add(e)
	}
	if e.Kind != event.KindExec || e.Ret < 0 {
		return
	}
	program := argv.ProgramOf(e.File, e.Exe, e.Args)
	c, ok := runtime.Parse(program)
	if !ok { // it may be one under a shim: that decides what the bundle is for
		c, ok = runtime.ParseUnknown(program)
	}
	if !ok || c.Name != "create" && c.Name != "run" {
		return
	}
	if r.recent.add(e.PID, e.StartTime, program) { // else the runtime executed itself again
		r.begin(e, c)
	}
}

// begin reads the bundle of a command.
func (r *Reader) begin(e *event.Event, c runtime.Command) {
	if r.pending == maxPending {
		r.unread.Add(1)
		return
	}
	r.pending++
	one := &reading{}
	go r.readFor(one, e, execution{
		pid: e.PID, startTime: e.StartTime, mntNS: e.MntNS, bundle: c.Bundle, id: c.ID,
		parent: r.forks.parentOf(birth{e.PID, e.StartTime}),
	})
	r.await(one, r.gate.isHost(e.MntNS))
}

// await adds what has been read, until that is one bundle or events may wait no longer.
func (r *Reader) await(one *reading, isHost bool) {
	left, began := r.patience.of(isHost), time.Now()
	timeout := time.NewTimer(min(deadline, time.Duration(left.now(began))))
	defer timeout.Stop()
	defer func() { left.spend(float64(time.Since(began))) }()
	for {
		select {
		case read := <-r.read:
			r.add(read)
			if read == one {
				return
			}
		case <-timeout.C:
			return
		}
	}
}

// add passes on what has been read.
func (r *Reader) add(one *reading) {
	r.pending--
	if one.bundle == nil {
		r.unread.Add(1) // its facts are absent
		return
	}
	r.next(one.bundle)
}

// readFor reads the bundle of the container on which e executed a runtime.
func (r *Reader) readFor(one *reading, e *event.Event, x execution) {
	if bundle, path, err := x.read(r.gate); err == nil {
		one.bundle = &event.Event{
			Time: boottime.Now(), Kind: event.KindBundle, PID: e.PID, StartTime: e.StartTime, Comm: e.Comm, Nested: e.Nested,
			Path: path, Bundle: bundle,
		}
	}
	r.read <- one
}

// executed is a program that a process has executed.
type executed struct {
	pid     int
	born    int64
	program uint64 // a hash of its name, and whether it is a script
}

// nameSeed is what names are hashed with.
var nameSeed = maphash.MakeSeed()

// recent remembers the last 256 programs that processes have executed: a wrapper may change
// the bundle before it executes the runtime in its place.
type recent struct {
	ring [256]executed
	next int
}

// add remembers a program of a process. It returns false if that is remembered already.
func (r *recent) add(pid int, born int64, program argv.Program) bool {
	one := executed{pid, born, maphash.String(nameSeed, program.Name+strconv.FormatBool(program.Script))}
	if slices.Contains(r.ring[:], one) {
		return false
	}
	r.ring[r.next] = one
	r.next = (r.next + 1) % len(r.ring)
	return true
}

// birth identifies a process by its pid and its start time (boot time, ns).
type birth struct {
	pid       int
	startTime int64
}

// forks remembers who forked the last 256 processes.
type forks struct {
	ring [256]struct{ child, parent birth }
	next int
}

// add remembers a fork.
func (f *forks) add(e *event.Event) {
	f.ring[f.next].child = birth{e.Child, e.ChildStartTime}
	f.ring[f.next].parent = birth{e.PID, e.StartTime}
	f.next = (f.next + 1) % len(f.ring)
}

// parentOf returns the process that forked a child, which is zero if it is not known.
func (f *forks) parentOf(child birth) birth {
	for _, one := range f.ring {
		if one.child == child {
			return one.parent
		}
	}
	return birth{}
}
