package bundle

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/internal/proc"
)

// TestProcessIsNotReused keeps the directory of a process open until that has exited:
// nothing is found in it from then on, so that the start time is checked once.
func TestProcessIsNotReused(t *testing.T) {
	c := startChild(t, childOptions{})
	p := openProcess(c.pid, c.startTime)
	defer p.close()
	if p == exited {
		t.Fatal("the process is not found")
	}
	if r, err := p.root(); err != nil {
		t.Error(err)
	} else {
		r.close()
	}
	c.end()
	if _, err := p.root(); !errors.Is(err, proc.ErrExited) {
		t.Errorf("its root directory is opened: %v", err)
	}
	if _, err := p.workingDirectory(); err == nil {
		t.Error("it has a working directory")
	}
}

// TestReplacedFile replaces a file between finding and opening it: what is opened is
// the file that was looked at.
func TestReplacedFile(t *testing.T) {
	dir := write(t, map[string]string{"config.json": "looked at"})
	path := filepath.Join(dir, "config.json")
	r, err := ownRoot()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	found, err := r.resolve(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(found)
	size, err := regular(found)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), unix.Mkfifo(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	f, err := reopen(found, size)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if content, err := io.ReadAll(f); err != nil || string(content) != "looked at" {
		t.Errorf("%q, %v", content, err)
	}
}

// TestGrowingFile appends to a file once its size is known: no more than that is read.
func TestGrowingFile(t *testing.T) {
	dir := write(t, map[string]string{"config.json": "{}"})
	r, err := ownRoot()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	f, err := r.open(dir+"/config.json", 10)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := os.WriteFile(dir+"/config.json", make([]byte, 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(f); err != nil || len(content) != 2 {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := r.open(dir+"/config.json", 10); !errors.Is(err, errTooLarge) {
		t.Errorf("a file that is too large is opened: %v", err)
	}
}

// TestFileSystems opens regular files of file systems that are interfaces to the kernel.
func TestFileSystems(t *testing.T) {
	r, err := ownRoot()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for _, path := range []string{
		"/proc/version", "/proc/1/environ", "/sys/kernel/uevent_seqnum", "/sys/kernel/tracing/trace_pipe",
		"/sys/kernel/debug/sched/features", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs",
	} {
		if _, err := os.Lstat(path); err != nil {
			continue // not mounted here, or not for this user
		}
		f, err := r.open(path, 1<<20)
		if !errors.Is(err, errFileSystem) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			f.close()
		}
	}
	for _, fs := range []struct {
		magic uint32
		dev   uint64
		want  bool
	}{
		{unix.EXT4_SUPER_MAGIC, unix.Mkdev(8, 1), true}, {unix.XFS_SUPER_MAGIC, unix.Mkdev(259, 0), true},
		{unix.TMPFS_MAGIC, unix.Mkdev(0, 30), true}, {unix.BTRFS_SUPER_MAGIC, unix.Mkdev(0, 40), true},
		{unix.FUSE_SUPER_MAGIC, unix.Mkdev(8, 1), false}, {unix.NFS_SUPER_MAGIC, unix.Mkdev(0, 50), false},
		{unix.V9FS_MAGIC, unix.Mkdev(0, 51), false},
	} {
		if got := storesFiles(fs.magic, fs.dev); got != fs.want {
			t.Errorf("%#x on device %#x: %t", fs.magic, fs.dev, got)
		}
	}
}

// TestRuntimeExited reads the bundle of a runtime that has exited in a mount namespace that
// is not the exporter's: by the monitor that forked it, and by no other process.
func TestRuntimeExited(t *testing.T) {
	needsRoot(t)
	dir, at := write(t, map[string]string{"config.json": `{"root": {"path": "/rootfs"}}`}), t.TempDir()
	monitor := startChild(t, childOptions{MountNS: true, Bind: dir, At: at})
	runtime := startChild(t, childOptions{})
	runtime.end()
	gone := runtime
	gone.mntNS = monitor.mntNS
	for name, tt := range map[string]struct {
		by   child
		born int64 // of the child of the fork
		want bool
	}{
		"its monitor":                     {monitor, gone.startTime, true},
		"a process in another namespace":  {self(t), gone.startTime, false},
		"who forked another with its pid": {monitor, gone.startTime + 1, false},
		"a process that has exited":       {gone, gone.startTime, false},
	} {
		n := newNode()
		n.reader.Handle(&event.Event{Kind: event.KindFork, PID: tt.by.pid, StartTime: tt.by.startTime, Child: gone.pid, ChildStartTime: tt.born})
		if b := n.read(gone.create("--bundle", at, "abc")); (b != nil) != tt.want || b != nil && b.Root != "/rootfs" {
			t.Errorf("forked by %s: read as %+v", name, b)
		}
	}
}
