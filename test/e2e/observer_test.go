package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tolerance is the maximum difference between two observers of the same
// tracepoint: the kernel calls one after the other.
const tolerance = time.Millisecond

// container is a container that runs until the end of the test, as its engine
// reports it.
type container struct {
	id      string
	pid     int
	runtime string
}

// TestObserverAgrees compares the exporter with an independent observer, and
// both with /proc, for starts by an engine and by bare runtimes.
func TestObserverAgrees(t *testing.T) {
	d := needDocker(t)
	bare := []bareRuntime{needRuntime(t, "runc"), needRuntime(t, "crun")}
	w := watch(t)
	o := observe(t)

	var all []container
	for range 3 {
		id := d.detach(t, image, "sleep", "300")
		all = append(all, container{id, d.pid(t, id), "runc"})
		for _, r := range bare {
			id, pid := r.runSleeping(t)
			all = append(all, container{id, pid, r.name})
		}
	}
	var ids []string
	for _, one := range all {
		ids = append(ids, one.id)
	}
	records := w.wait(t, ids...)
	events := o.stop(t)
	for _, one := range all {
		t.Run(one.id, func(t *testing.T) {
			compare(t, one, records[one.id], findStart(t, events, one.pid, one.runtime))
		})
	}
}

func compare(t *testing.T, c container, r record, start observedStart) {
	if r.PID != c.pid {
		t.Errorf("entrypoint's pid %d; %d by the runtime", r.PID, c.pid)
	}
	if r.Counts.Mounts != start.mounts || start.mounts == 0 {
		t.Errorf("%d mounts by init; the observer saw %d", r.Counts.Mounts, start.mounts)
	}
	took := time.Duration(r.Duration - r.phase("create").Begin)
	if off := (took - start.took).Abs(); off > tolerance {
		t.Errorf("%v from create's exec to the entrypoint's; the observer saw %v", took, start.took)
	}
	for name, inode := range start.namespaces {
		if real := namespace(t, c.pid, name); inode != real {
			t.Fatalf("the observer saw %s:[%d]; %d in /proc", name, inode, real)
		}
		if r.Namespaces[name] != inode {
			t.Errorf("namespace %s:[%d]; %d by the observer and /proc", name, r.Namespaces[name], inode)
		}
	}
	t.Logf("%s: %d mounts, %v from create to the entrypoint (observer %v)", c.runtime, start.mounts, took, start.took)
}

// namespace returns the inode number of a process's namespace.
func namespace(t *testing.T, pid int, name string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, name), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

// TestObserver checks the observer itself, without an exporter.
func TestObserver(t *testing.T) {
	d := needDocker(t)
	o := observe(t)
	id := d.detach(t, image, "sleep", "300")
	pid := d.pid(t, id)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	_, runcPID := runc.runSleeping(t)
	_, crunPID := crun.runSleeping(t)
	events := o.stop(t)

	for _, one := range []container{{id, pid, "runc"}, {"runc", runcPID, "runc"}, {"crun", crunPID, "crun"}} {
		start := findStart(t, events, one.pid, one.runtime)
		if start.mounts < 20 || start.took < time.Millisecond || start.took > 5*time.Second {
			t.Errorf("%s: %d mounts in %v", one.id, start.mounts, start.took)
		}
		for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
			if ours := namespace(t, os.Getpid(), name); start.namespaces[name] == ours || start.namespaces[name] != namespace(t, one.pid, name) {
				t.Errorf("%s: %s:[%d]; ours is %d", one.id, name, start.namespaces[name], ours)
			}
		}
		t.Logf("%s: %+v", one.id, start)
	}
}
