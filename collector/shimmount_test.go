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
