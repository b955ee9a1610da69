package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// own is a container that runs, with a mount that no other has.
type own struct {
	held
	mount string
}

// TestMixed starts twenty containers at once by Docker, runc and crun, and
// compares each start with what its container sees of itself: no namespace, no
// veth and no mount is another's.
func TestMixed(t *testing.T) {
	d := needDocker(t)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s, w := serve(t), watch(t)
	before := s.scrape(t)

	all := make([]own, 20)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			switch i % 3 {
			case 0:
				all[i] = d.own(t)
			case 1:
				all[i] = runc.own(t)
			case 2:
				all[i] = crun.own(t)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	var ids []string
	for _, one := range all {
		ids = append(ids, one.id)
	}
	records := w.wait(t, ids...)
	seen := map[uint64]string{}
	for i, one := range all {
		r := records[one.id]
		if i%3 == 0 {
			checkStarted(t, r, "docker", "runc", dockerPhases)
			checkMade(t, r)
			checkVeth(t, r, one.pid)
		} else {
			checkStarted(t, r, "none", one.runtime, append(setUp(one.runtime), "wait", "start"))
			if r.Counts.Veths != 0 || len(r.Veths) != 0 {
				t.Errorf("%s: veths %v; want none", one.id, r.Veths)
			}
		}
		checkOwnView(t, r, one)
		net := r.Namespaces["net"]
		if other, twice := seen[net]; twice {
			t.Errorf("%s and %s are both in net:[%d]", one.id, other, net)
		}
		seen[net] = one.id
	}
	for engine, n := range map[string]float64{"docker": 7, "none": 13} {
		checkNoMore(t, s, w, before, labels{"engine": engine}, n)
	}
}

// own starts a container with a directory of its own in it.
func (d *docker) own(t *testing.T) own {
	source, mount := ownDir(t)
	id := d.detach(t, "-v", source+":"+mount, image, "sleep", "300")
	return own{held{id, d.pid(t, id), "runc"}, mount}
}

func (r bareRuntime) own(t *testing.T) own {
	source, mount := ownDir(t)
	dir := bundle(t, "/bin/sleep", "300")
	changeSpec(t, dir, func(spec map[string]any) { bind(spec, source, mount) })
	return own{r.stay(t, dir), mount}
}

// ownDir makes a directory, and names a place for it that no other has.
func ownDir(t *testing.T) (source, mount string) {
	source = t.TempDir()
	return source, "/tmp/own-" + strings.ReplaceAll(strings.TrimPrefix(source, os.TempDir()), "/", "-")
}

// stay starts a container that stays until the test's end, in two steps.
func (r bareRuntime) stay(t *testing.T, dir string) held {
	t.Helper()
	id := newID(t, r.name)
	pid := r.create(t, dir, id)
	must(t, r.cmd("start", id))
	waitFor(t, 10*time.Second, "the entrypoint of "+id, func() bool { return comm(pid) == "sleep" }, func() string { return comm(pid) })
	return held{id, pid, r.name}
}

// checkOwnView compares a start with its container's own view of itself.
func checkOwnView(t *testing.T, r record, one own) {
	t.Helper()
	if r.PID != one.pid {
		t.Errorf("%s: pid %d; its engine says %d", one.id, r.PID, one.pid)
	}
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
		if real := namespace(t, one.pid, name); r.Namespaces[name] != real {
			t.Errorf("%s: %s:[%d]; /proc says %d", one.id, name, r.Namespaces[name], real)
		}
	}
	want, got := mountPoints(t, one.pid), mounted(r)
	if !slices.Equal(got, want) || !slices.Contains(got, one.mount) {
		t.Errorf("%s: mounts %v\nthe container sees %v", one.id, got, want)
	}
}

// mountPoints are where a process sees something mounted.
func mountPoints(t *testing.T, pid int) []string {
	t.Helper()
	var points []string
	for line := range strings.Lines(readFile(t, fmt.Sprintf("/proc/%d/mountinfo", pid))) {
		points = append(points, strings.Fields(line)[4])
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// mounted are the places on which a start has mounted something, as they are
// called once its rootfs is the root.
func mounted(r record) []string {
	var root string
	for _, o := range r.operations("mount") {
		if dir, ok := strings.CutSuffix(o.Attributes["target"], "/sys/fs/cgroup"); ok {
			root = dir
		}
	}
	var points []string
	for _, o := range r.operations("mount") {
		if o.Attributes["error"] == "" {
			points = append(points, filepath.Join("/", strings.TrimPrefix(o.Attributes["target"], root)))
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// checkVeth compares the veth of a start with the one that connects a process
// to the host.
func checkVeth(t *testing.T, r record, pid int) {
	t.Helper()
	var host string
	for _, inside := range links(t, pid) {
		for _, outside := range links(t, os.Getpid()) {
			if inside.Name == "eth0" && outside.Index == inside.Peer {
				host = outside.Name
			}
		}
	}
	if len(r.Veths) != 1 || r.Veths[0].Host != host || host == "" {
		t.Errorf("%s: veths %+v; eth0's peer is %q", r.ContainerID, r.Veths, host)
	}
}
