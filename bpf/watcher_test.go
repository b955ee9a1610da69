package bpf

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
)

// watcher has open probes and their events.
type watcher struct {
	*Probes
	t      *testing.T
	mu     sync.Mutex
	events []*event.Event // in the order in which the sink received them
}

// shared are the probes of all tests that need none of their own: attaching is
// slow in an emulated kernel.
var shared struct {
	probes  *Probes
	took    time.Duration                       // to attach them
	memlock struct{ before, after unix.Rlimit } // of Open
	done    chan error
	mu      sync.Mutex
	watcher *watcher // of the test that runs
}

// sharedOptions has the names that the shared probes watch, each used by one test.
var sharedOptions = Options{
	Names: []string{"cse-all", "cse-cgroup", "cse-execute", "cse-io", "cse-known", "cse-late", "cse-long", "cse-mount", "cse-newmount",
		"cse-origin", "cse-other", "cse-pivot", "cse-process", "cse-queue", "cse-setns", "cse-signalled", "cse-threads", "cse-veth"},
	Shims:    []string{"cse-monitor", "cse-shim-v2"},
	Runtimes: []string{"cse-crun", "cse-l-crun", "cse-l-runc", "cse-reused", "cse-runc", "qrunx", "zouki"},
	Plugins:  []string{"cse-plugin"},
}

// watch records, until the test ends, the events of processes with that name, and
// those that are reported for the whole host.
func watch(t *testing.T, name string) *watcher {
	t.Helper()
	needRoot(t)
	if all := slices.Concat(sharedOptions.Names, sharedOptions.Shims, sharedOptions.Runtimes); name != "" && !slices.Contains(all, name) {
		t.Fatalf("the shared probes do not watch %s", name)
	}
	if shared.probes == nil {
		openShared(t)
	}
	w := &watcher{Probes: shared.probes, t: t}
	if err := w.Drain(10 * time.Second); err != nil { // of earlier events
		t.Fatal("drain:", err)
	}
	setShared(w)
	t.Cleanup(func() { setShared(nil) })
	return w
}

// openShared opens the shared probes, as a process that may lock little memory.
func openShared(t *testing.T) {
	t.Helper()
	var before unix.Rlimit
	limit := &shared.memlock
	limit.before = unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &limit.before, &before); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &before, nil) }()
	begin := time.Now()
	shared.probes = open(t, sharedOptions)
	shared.took = time.Since(begin)
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, nil, &limit.after); err != nil {
		t.Error(err)
	}
	shared.done = make(chan error)
	go func() { shared.done <- shared.probes.Read(shareEvent) }()
}

func setShared(w *watcher) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.watcher = w
}

func shareEvent(e *event.Event) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.watcher != nil {
		shared.watcher.sink(e)
	}
}

// closeShared closes the shared probes when all tests are done.
func closeShared() error {
	if shared.probes == nil {
		return nil
	}
	return errors.Join(shared.probes.Close(), <-shared.done)
}

// watchAlone opens probes for one test, and closes them when it ends.
func watchAlone(t *testing.T, o Options) *watcher {
	t.Helper()
	needRoot(t)
	p := open(t, o)
	w := &watcher{Probes: p, t: t}
	done := make(chan error)
	go func() { done <- p.Read(w.sink) }()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error("close:", err)
		}
		if err := <-done; err != nil {
			t.Error("read:", err)
		}
	})
	return w
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to load BPF programs")
	}
}

// open opens probes with the mechanism under test.
func open(t *testing.T, o Options) *Probes {
	t.Helper()
	o.Mechanism = *mechanism
	o.InitNames = append(o.InitNames, runtime.InitNames()...)
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *watcher) sink(e *event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// seen returns the events of a kind that match, after all earlier events were
// delivered.
func (w *watcher) seen(kind event.Kind, match func(*event.Event) bool) []*event.Event {
	w.t.Helper()
	if err := w.Drain(10 * time.Second); err != nil {
		w.t.Fatal("drain:", err)
	}
	var found []*event.Event
	for _, e := range w.all() {
		if e.Kind == kind && match(e) {
			found = append(found, e)
		}
	}
	return found
}

// seenLost returns what was reported as lost, after everything was delivered.
func (w *watcher) seenLost() (lost []Loss) {
	w.t.Helper()
	for _, e := range w.seen(event.KindLost, func(*event.Event) bool { return true }) {
		lost = append(lost, Loss{event.Kind(e.What), Cause(e.Cause)})
	}
	return lost
}

// one returns the one event of a kind that matches.
func (w *watcher) one(kind event.Kind, match func(*event.Event) bool) *event.Event {
	w.t.Helper()
	found := w.seen(kind, match)
	if len(found) != 1 {
		w.dump()
		w.t.Fatalf("%d %s events match, want 1", len(found), kind)
	}
	return found[0]
}

// all returns the events that were delivered so far.
func (w *watcher) all() []*event.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

func (w *watcher) dump() {
	w.t.Helper()
	for _, e := range w.all() {
		b, _ := json.Marshal(e)
		w.t.Logf("%s", b)
	}
}

// copyProgram copies a program and returns the copy's path. Nothing else on the
// host has that name.
func copyProgram(t *testing.T, from, name string) string {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Skip("needs", from, err)
	}
	defer src.Close()
	to := filepath.Join(t.TempDir(), name)
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

// byPID matches the events of a process.
func byPID(pid int) func(*event.Event) bool {
	return func(e *event.Event) bool { return e.PID == pid }
}

// inode returns the inode number of a file, such as a namespace's in /proc/self/ns.
func inode(t *testing.T, path string) uint32 {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(fi.Sys().(*syscall.Stat_t).Ino)
}
