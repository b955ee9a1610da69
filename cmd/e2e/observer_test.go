package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tolerance is by how much two observers of the same tracepoint may differ:
// one of them is called after the other.
const tolerance = time.Millisecond

// held is a container that stays, and what its engine says of it.
type held struct {
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

	var all []held
	for range 3 {
		id := d.detach(t, image, "sleep", "300")
		all = append(all, held{id, d.pid(t, id), "runc"})
		for _, r := range bare {
			id, pid := r.hold(t)
			all = append(all, held{id, pid, r.name})
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
			compare(t, one, records[one.id], judge(t, events, one.pid, one.runtime))
		})
	}
}

func compare(t *testing.T, h held, r record, v verdict) {
	if r.PID != h.pid {
		t.Errorf("entrypoint's pid %d; the runtime says %d", r.PID, h.pid)
	}
	if r.Counts.Mounts != v.mounts || v.mounts == 0 {
		t.Errorf("%d mounts by init; the observer saw %d", r.Counts.Mounts, v.mounts)
	}
	took := time.Duration(r.Duration - r.phase("create").Begin)
	if off := (took - v.took).Abs(); off > tolerance {
		t.Errorf("%v from create's exec to the entrypoint's; the observer saw %v", took, v.took)
	}
	for name, inode := range v.namespaces {
		if real := namespace(t, h.pid, name); inode != real {
			t.Fatalf("the observer saw %s:[%d]; /proc says %d", name, inode, real)
		}
		if r.Namespaces[name] != inode {
			t.Errorf("namespace %s:[%d]; the observer and /proc say %d", name, r.Namespaces[name], inode)
		}
	}
	t.Logf("%s: %d mounts, %v from create to the entrypoint (observer %v)", h.runtime, v.mounts, took, v.took)
}

// namespace is the inode of a process's namespace.
func namespace(t *testing.T, pid int, name string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, name), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

// TestObserver checks the observer itself, with no exporter in sight.
func TestObserver(t *testing.T) {
	d := needDocker(t)
	o := observe(t)
	id := d.detach(t, image, "sleep", "300")
	pid := d.pid(t, id)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	_, runcPID := runc.hold(t)
	_, crunPID := crun.hold(t)
	events := o.stop(t)

	for _, one := range []held{{id, pid, "runc"}, {"runc", runcPID, "runc"}, {"crun", crunPID, "crun"}} {
		v := judge(t, events, one.pid, one.runtime)
		if v.mounts < 20 || v.took < time.Millisecond || v.took > 5*time.Second {
			t.Errorf("%s: %d mounts in %v", one.id, v.mounts, v.took)
		}
		for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
			if ours := namespace(t, os.Getpid(), name); v.namespaces[name] == ours || v.namespaces[name] != namespace(t, one.pid, name) {
				t.Errorf("%s: %s:[%d]; ours is %d", one.id, name, v.namespaces[name], ours)
			}
		}
		t.Logf("%s: %+v", one.id, v)
	}
}
