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

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// ownMount is a running container with a mount point that no other container has.
type ownMount struct {
	container
	mount string
}

// TestMixed starts twenty containers at the same time with Docker, runc and crun,
// and compares each start with what its container sees of itself: no start gets a
// namespace, a veth or a mount of another.
func TestMixed(t *testing.T) {
	d := needDocker(t)
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s, w := serve(t), watch(t)
	before := s.scrape(t)

	all := make([]ownMount, 20)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			switch i % 3 {
			case 0:
				all[i] = d.ownMount(t)
			case 1:
				all[i] = runc.ownMount(t)
			case 2:
				all[i] = crun.ownMount(t)
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
	netnsOwner := map[uint64]string{}
	for i, one := range all {
		r := records[one.id]
		if i%3 == 0 {
			checkStarted(t, r, "docker", "runc", dockerPhases)
			checkCreated(t, r)
			checkVeth(t, r, one.pid)
		} else {
			checkStarted(t, r, "none", one.runtime, append(setUpPhases(one.runtime), "wait", "start"))
			if r.Counts.Veths != 0 || len(r.Veths) != 0 {
				t.Errorf("%s: veths %v; want none", one.id, r.Veths)
			}
		}
		checkOwnView(t, r, one)
		net := r.Namespaces["net"]
		if other, twice := netnsOwner[net]; twice {
			t.Errorf("%s and %s are both in net:[%d]", one.id, other, net)
		}
		netnsOwner[net] = one.id
	}
	for engine, n := range map[string]float64{"docker": 7, "none": 13} {
		checkExactCount(t, s, w, before, scrape.Labels{"engine": engine}, n)
	}
}

// ownMount starts a container with a directory of its own mounted in it.
func (d *docker) ownMount(t *testing.T) ownMount {
	source, mount := ownDir(t)
	id := d.detach(t, "-v", source+":"+mount, image, "sleep", "300")
	return ownMount{container{id, d.pid(t, id), "runc"}, mount}
}

func (r bareRuntime) ownMount(t *testing.T) ownMount {
	source, mount := ownDir(t)
	dir := bundle(t, "/bin/sleep", "300")
	host.ChangeSpec(t, dir, func(spec map[string]any) { bind(spec, source, mount) })
	return ownMount{r.startSleeping(t, dir), mount}
}

// ownDir makes a directory and returns it with a mount point that no other
// container has.
func ownDir(t *testing.T) (source, mount string) {
	source = t.TempDir()
	return source, "/tmp/own-" + strings.ReplaceAll(strings.TrimPrefix(source, os.TempDir()), "/", "-")
}

// startSleeping starts a container in two steps, which runs until the end of the
// test.
func (r bareRuntime) startSleeping(t *testing.T, dir string) container {
	t.Helper()
	id := newID(t, r.name)
	pid := r.create(t, dir, id)
	must(t, r.cmd("start", id))
	host.WaitFor(t, 10*time.Second, "the entrypoint of "+id, func() bool { return comm(pid) == "sleep" }, func() string { return comm(pid) })
	return container{id, pid, r.name}
}

// checkOwnView compares a start with its container's own view of itself.
func checkOwnView(t *testing.T, r record, one ownMount) {
	t.Helper()
	if r.PID != one.pid {
		t.Errorf("%s: pid %d; its engine says %d", one.id, r.PID, one.pid)
	}
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
		if real := namespace(t, one.pid, name); r.Namespaces[name] != real {
			t.Errorf("%s: %s:[%d]; %d in /proc", one.id, name, r.Namespaces[name], real)
		}
	}
	want, got := mountPoints(t, one.pid), mounted(r)
	if !slices.Equal(got, want) || !slices.Contains(got, one.mount) {
		t.Errorf("%s: mounts %v\nthe container sees %v", one.id, got, want)
	}
}

// mountPoints returns the mount points that a process sees.
func mountPoints(t *testing.T, pid int) []string {
	t.Helper()
	var points []string
	for line := range strings.Lines(readFile(t, fmt.Sprintf("/proc/%d/mountinfo", pid))) {
		points = append(points, strings.Fields(line)[4])
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// mounted returns the targets of a start's successful mounts, as paths below its
// rootfs.
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

// checkVeth compares the veth of a start with the one that connects a process to
// the host.
func checkVeth(t *testing.T, r record, pid int) {
	t.Helper()
	var peer string
	for _, inside := range links(t, pid) {
		for _, outside := range links(t, os.Getpid()) {
			if inside.Name == "eth0" && outside.Index == inside.Peer {
				peer = outside.Name
			}
		}
	}
	if len(r.Veths) != 1 || r.Veths[0].Host != peer || peer == "" {
		t.Errorf("%s: veths %+v; eth0's peer is %q", r.ContainerID, r.Veths, peer)
	}
}
