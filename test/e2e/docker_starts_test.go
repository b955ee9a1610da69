package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// dockerStarts selects the starts by Docker.
var dockerStarts = scrape.Labels{"engine": "docker", "runtime": "runc", "kind": "container"}

// TestDockerStarts runs twenty containers one after the other and then twenty at
// the same time: each is one complete start, and all have the same shape.
func TestDockerStarts(t *testing.T) {
	d := needDocker(t)
	s, w := serve(t), watch(t)

	var ids []string
	for range 20 {
		ids = append(ids, d.runTrue(t))
	}
	ids = append(ids, runConcurrently(t, d, 20)...)

	records := w.wait(t, ids...)
	for _, id := range ids {
		checkStarted(t, records[id], "docker", "runc", dockerPhases)
		checkCreated(t, records[id])
	}
	checkOwnNamespaces(t, records)
	checkSameShape(t, records)
	checkCounted(t, s, float64(len(ids)))
}

func runConcurrently(t *testing.T, d *docker, n int) []string {
	t.Helper()
	ids := make([]string, n)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() { ids[i] = d.runTrue(t) })
	}
	group.Wait()
	return ids
}

// checkCreated checks what a start by Docker creates: its own veth and namespaces,
// and its mounts.
func checkCreated(t *testing.T, r record) {
	t.Helper()
	if r.Counts.Veths != 1 || len(r.Veths) != 1 {
		t.Errorf("%s: %d veths: %v", r.ContainerID, r.Counts.Veths, r.Veths)
	} else if v := r.Veths[0]; v.Host == "" || v.Container != "eth0" || v.Address == "" {
		t.Errorf("%s: veth %+v", r.ContainerID, v)
	}
	// mnt, uts, ipc, pid, net; with cgroup v2 also cgroup.
	if n := r.Counts.Namespaces; n != 5 && n != 6 {
		t.Errorf("%s: %d namespaces", r.ContainerID, n)
	}
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
		if r.Namespaces[name] == 0 {
			t.Errorf("%s: namespace %s is not known", r.ContainerID, name)
		}
	}
	// The engine mounts the rootfs, and binds the network namespace to a path.
	if r.Counts.Mounts < 20 || r.Counts.EngineMounts != 2 {
		t.Errorf("%s: %d mounts by init, %d by the engine; want more than 20, and 2", r.ContainerID, r.Counts.Mounts, r.Counts.EngineMounts)
	}
	if r.Counts.Execs < 5 { // shim, its daemon, create, init, hook, start, entrypoint, ...
		t.Errorf("%s: %d execs", r.ContainerID, r.Counts.Execs)
	}
	for _, name := range []string{"rootfs_mount", "veth", "netns", "cgroup", "hook", "pivot_root"} {
		if n := len(r.operations(name)); n != 1 {
			t.Errorf("%s: %d operations %s; want 1", r.ContainerID, n, name)
		}
	}
}

// checkSameShape checks that all starts, whether at the same time or one after the
// other, have the same counts and the same operations.
func checkSameShape(t *testing.T, records map[string]record) {
	t.Helper()
	shapes := map[string][]string{}
	for id, r := range records {
		var names []string
		for _, o := range r.Operations {
			names = append(names, o.Name)
		}
		slices.Sort(names)
		shape := fmt.Sprintf("%+v %v", r.Counts, names)
		shapes[shape] = append(shapes[shape], id)
	}
	if len(shapes) != 1 {
		t.Errorf("the starts have %d shapes; want 1: %v", len(shapes), shapes)
	}
}

// checkOwnNamespaces checks that no two starts at the same time are recorded with
// the same namespace. Starts at different times may be: an inode number is reused
// once its namespace is gone.
func checkOwnNamespaces(t *testing.T, records map[string]record) {
	t.Helper()
	for _, a := range records {
		for _, b := range records {
			from, to := a.Begin.Add(time.Duration(a.phase("rootfs").Begin)), a.Begin.Add(time.Duration(a.Duration))
			at := b.Begin.Add(time.Duration(b.phase("rootfs").Begin))
			if a.ContainerID == b.ContainerID || at.Before(from) || at.After(to) {
				continue
			}
			for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
				if a.Namespaces[name] == b.Namespaces[name] {
					t.Errorf("%s and %s are both in %s:[%d]", a.ContainerID, b.ContainerID, name, a.Namespaces[name])
				}
			}
		}
	}
}

// checkCounted checks that the metrics count n starts by Docker, and no others.
func checkCounted(t *testing.T, s *server, n float64) {
	t.Helper()
	host.WaitFor(t, 15*time.Second, "the metrics to count the starts", func() bool {
		return s.scrape(t).Sum("container_starts_total", dockerStarts) >= n
	}, s.Stderr.String)
	m := s.scrape(t)
	for name, want := range map[string]float64{
		"container_starts_total":           n,
		"container_start_duration_seconds": n,
		"container_start_failures_total":   0,
	} {
		if got := m.Sum(name, dockerStarts); got != want {
			t.Errorf("%s is %v; want %v", name, got, want)
		}
	}
	if got := m.Sum("container_start_veths_created_total", scrape.Labels{"origin": "start"}); got != n {
		t.Errorf("%v veths were created for starts; want %v", got, n)
	}
	for _, name := range []string{"container_starts_incomplete_total", "container_starts_in_progress", "container_start_exporter_evictions_total"} {
		if got := m.Sum(name, nil); got != 0 {
			t.Errorf("%s is %v; want 0", name, got)
		}
	}
	if lost := m.lost(t); lost != 0 {
		t.Errorf("%v events lost", lost)
	}
	for _, name := range dockerPhases {
		selector := scrape.Labels{"engine": "docker", "runtime": "runc", "kind": "container", "phase": name}
		if got := m.Sum("container_start_phase_duration_seconds", selector); got != n {
			t.Errorf("phase %s observed %v times; want %v", name, got, n)
		}
	}
}
