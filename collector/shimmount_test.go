package collector

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestShimMountsLayers lets a shim map the ids of three layers, mount the rootfs of them,
// and undo the mounts of the layers: all count for the start, by the shim's lineage, and
// the mapped ones are one operation. What another process mounts at such paths does not.
func TestShimMountsLayers(t *testing.T) {
	h := newHostile(t)
	const shimPID, otherPID, runcPID, initPID = 10, 11, 12, 13
	h.launchByEngine(shimPID, "c")
	h.do(event.Event{Kind: event.KindExec, PID: otherPID, Args: []string{"containerd"}})
	h.do(event.Event{Kind: event.KindMoveMount, PID: otherPID, Target: "/tmp/ovl/0"})
	for i := range 3 {
		h.do(event.Event{Kind: event.KindOpenTree, PID: shimPID, Target: fmt.Sprint("/layers/", i), Ret: 14})
		h.do(event.Event{Kind: event.KindMountSetattr, PID: shimPID, Flags: unix.AT_EMPTY_PATH})
		h.do(event.Event{Kind: event.KindMoveMount, PID: shimPID, Target: fmt.Sprint("/tmp/ovl/", i)})
	}
	h.do(event.Event{Kind: event.KindMount, PID: shimPID, Target: "/b/rootfs", FSType: "overlay", MntNS: 1})
	for i := range 3 {
		h.do(event.Event{Kind: event.KindUmount, PID: shimPID, Target: fmt.Sprint("/tmp/ovl/", i)})
	}
	h.do(event.Event{Kind: event.KindFork, PID: shimPID, Child: runcPID})
	h.do(event.Event{Kind: event.KindExec, PID: runcPID, MntNS: 1, Args: []string{"crun", "create", "c"}})
	h.do(event.Event{Kind: event.KindBundle, PID: runcPID, Path: "/b", Bundle: &event.Bundle{Root: "/b/rootfs"}})
	h.do(event.Event{Kind: event.KindFork, PID: runcPID, Child: initPID, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindExec, PID: initPID, MntNS: 2, File: "/bin/true"})
	if len(h.tally.starts) != 1 {
		t.Fatalf("%d starts, want 1", len(h.tally.starts))
	}
	s, found := h.tally.starts[0], map[start.OperationName]string{}
	for _, o := range s.Operations {
		found[o.Name] += "+" + o.Attributes[start.AttrCount]
	}
	if s.Counts.EngineMounts != 4 || found[start.OpIDMap] != "+3" || found[start.OpRootfsMount] != "+" {
		t.Errorf("%d mounts by the engine, want 4; operations %v, want 3 id-mapped mounts and one of the rootfs", s.Counts.EngineMounts, found)
	}
}

// TestShimUnmountsRootfs lets a shim mount the rootfs twice, as the first mount is undone:
// only the second one is the container's.
func TestShimUnmountsRootfs(t *testing.T) {
	h := newHostile(t)
	const shimPID, runcPID = 10, 12
	h.launchByEngine(shimPID, "c")
	for _, kind := range []event.Kind{event.KindMount, event.KindUmount, event.KindMount} {
		h.do(event.Event{Kind: kind, PID: shimPID, Target: "/b/rootfs", MntNS: 1})
	}
	h.do(event.Event{Kind: event.KindFork, PID: shimPID, Child: runcPID})
	h.do(event.Event{Kind: event.KindExec, PID: runcPID, MntNS: 1, Args: []string{"crun", "create", "c"}})
	h.do(event.Event{Kind: event.KindBundle, PID: runcPID, Path: "/b", Bundle: &event.Bundle{Root: "/b/rootfs"}})
	for _, att := range h.Assembler.starts.byCreate {
		if len(att.engineMounts) != 1 {
			t.Errorf("%d mounts of the rootfs, want 1", len(att.engineMounts))
		}
	}
}

// TestPodShimMountsLayers lets the shim of a pod map the ids of layers for a further
// container of the pod: they are that container's, and what is mapped for a rootfs that is
// never mounted is nobody's.
func TestPodShimMountsLayers(t *testing.T) {
	h := newHostile(t)
	const shimPID = 10
	mapLayers := func(tid, layers int) {
		for i := range layers {
			h.do(event.Event{Kind: event.KindOpenTree, PID: shimPID, TID: tid, Target: fmt.Sprint("/layers/", i), Ret: 14})
			h.do(event.Event{Kind: event.KindMountSetattr, PID: shimPID, TID: tid, Flags: unix.AT_EMPTY_PATH})
			h.do(event.Event{Kind: event.KindMoveMount, PID: shimPID, TID: tid, Target: fmt.Sprint("/tmp/ovl", tid, "/", i), MntNS: 1})
		}
	}
	unmapLayers := func(tid, layers int) {
		for i := range layers {
			h.do(event.Event{Kind: event.KindUmount, PID: shimPID, TID: tid, Target: fmt.Sprint("/tmp/ovl", tid, "/", i), MntNS: 1})
		}
	}
	create := func(pid int, id string) {
		h.do(event.Event{Kind: event.KindFork, PID: shimPID, Child: pid})
		h.do(event.Event{Kind: event.KindExec, PID: pid, MntNS: 1, Args: []string{"crun", "create", id}})
		h.do(event.Event{Kind: event.KindBundle, PID: pid, Path: "/" + id, Bundle: &event.Bundle{Root: "/" + id + "/rootfs"}})
		h.do(event.Event{Kind: event.KindFork, PID: pid, Child: pid + 1, Flags: unix.CLONE_NEWNS})
	}
	run := func(pid int) { h.do(event.Event{Kind: event.KindExec, PID: pid + 1, MntNS: 2, File: "/bin/true"}) }

	h.launchByEngine(shimPID, "pod")
	h.do(event.Event{Kind: event.KindMount, PID: shimPID, TID: 11, Target: "/pod/rootfs", MntNS: 1})
	create(20, "pod")
	mapLayers(11, 3) // the pod's own start is in progress
	mapLayers(12, 2) // for a rootfs that is not mounted
	unmapLayers(12, 2)
	h.do(event.Event{Kind: event.KindMount, PID: shimPID, TID: 11, Target: "/a/rootfs", MntNS: 1})
	unmapLayers(11, 3)
	run(20)
	create(30, "a")
	run(30)
	h.do(event.Event{Kind: event.KindMount, PID: shimPID, TID: 12, Target: "/b/rootfs", MntNS: 1})
	create(40, "b")
	run(40)

	want := map[string]string{"pod": "", "a": "3", "b": ""}
	mounts := map[string]int{"pod": 1, "a": 4, "b": 1}
	for _, s := range h.tally.starts {
		count := ""
		for _, o := range s.Operations {
			if o.Name == start.OpIDMap {
				count += o.Attributes[start.AttrCount]
			}
		}
		if count != want[s.ContainerID] || s.Counts.EngineMounts != mounts[s.ContainerID] {
			t.Errorf("%s: %q mapped layers, %d mounts by the engine; want %q, %d",
				s.ContainerID, count, s.Counts.EngineMounts, want[s.ContainerID], mounts[s.ContainerID])
		}
	}
	if len(h.tally.starts) != 3 {
		t.Errorf("%d starts, want 3", len(h.tally.starts))
	}
}
