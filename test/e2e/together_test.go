package e2e

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// TestTogether makes four engines start twenty-one containers at the same time:
// each start is complete, with its own network and its own mounts.
func TestTogether(t *testing.T) {
	d := needDocker(t)
	c := containerds[1].start(t)
	p := needPodman(t, "crun", "cni")
	w := watch(t)
	recordEvents(t, "together", os.Getpid())

	var mu sync.Mutex
	byNetns := map[int][]expectation{} // by a process in the engine's network namespace
	add := func(netnsPID int, wants ...expectation) {
		mu.Lock()
		defer mu.Unlock()
		byNetns[netnsPID] = append(byNetns[netnsPID], wants...)
	}
	var group sync.WaitGroup
	for i := range 5 {
		group.Go(func() { add(os.Getpid(), d.bridged(t)) })
		group.Go(func() { add(p.holder.Cmd.Process.Pid, p.expect(t, p.detach(t), "container", netBridge)) })
		group.Go(func() { add(c.Cmd.Process.Pid, c.task(t)) })
		if i > 2 { // two pods with three starts each: twenty-one starts
			group.Go(func() { add(c.Cmd.Process.Pid, c.expectPod(t, containerds[1], fmt.Sprintf("pod%d", i))...) })
		}
	}
	group.Wait()
	if t.Failed() {
		return
	}
	netns := map[uint64]int{}
	for netnsPID, wants := range byNetns {
		checkRow(t, w, netnsPID, wants)
		for _, one := range wants {
			if one.network != netJoined {
				netns[namespace(t, one.container.pid, "net")]++
			}
		}
	}
	if len(netns) != 17 {
		t.Errorf("%d network namespaces; want 17: %v", len(netns), netns)
	}
}

// bridged starts a container on Docker's bridge.
func (d *docker) bridged(t *testing.T) expectation {
	t.Helper()
	id := d.detach(t, image, "sleep", "300")
	return expectation{
		container: container{id, d.pid(t, id), "runc"}, engine: "docker", kind: "container", network: netBridge,
		name: d.inspect(t, id, "{{slice .Name 1}}"), image: image,
		phases:     slices.Clone(dockerPhases),
		operations: []string{"rootfs_mount", "shim", "cgroup", "hook", "pivot_root"},
	}
}
