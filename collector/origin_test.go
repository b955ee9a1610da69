package collector

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// container is the origin of the processes of a container in these tests.
const container = 4026532999

// traceparent is the trace context that a runtime is executed with in these tests.
const traceparent = "TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// launch is the command line of a shim that containerd executes for a pod.
func launch(id string) []string {
	return []string{"containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", id, "start"}
}

// start lets a shim's process start a container, with processes from pid on, in a
// mount namespace that the runtime makes.
func (h *hostile) start(pid int, id string, nested uint32) {
	h.do(event.Event{Kind: event.KindExec, PID: pid, Args: launch(id), Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: pid, Child: pid + 1, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: pid + 1, Args: []string{"runc", "create", id}, Env: []string{traceparent}, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: pid + 1, Child: pid + 2, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindUnshare, PID: pid + 2, Flags: unix.CLONE_NEWNS, Namespaces: &event.Namespaces{Mnt: uint32(pid + 100)}, Nested: nested, MntNS: uint32(pid + 100)})
	h.do(event.Event{Kind: event.KindRename, PID: pid + 2, Name: "runc:[2:INIT]", Nested: nested, MntNS: uint32(pid + 100)})
	h.do(event.Event{Kind: event.KindExit, PID: pid + 1, Nested: nested})
	h.do(event.Event{Kind: event.KindExec, PID: pid + 2, Args: []string{"/app"}, Nested: nested, MntNS: uint32(pid + 100)})
}

// TestNestedStart starts the same container on the host and in a container: the kind
// says which is which, and only the host's trace context is believed.
func TestNestedStart(t *testing.T) {
	for nested, kind := range map[uint32]string{0: start.Container, container: start.Nested} {
		h := newHostile(t)
		h.start(10, "a", nested)
		if len(h.tally.starts) != 1 {
			t.Fatalf("nested %d: %d starts", nested, len(h.tally.starts))
		}
		s := h.tally.starts[0]
		if s.Kind != kind || s.Outcome != start.Started || (s.TraceParent == "") != (nested != 0) {
			t.Errorf("nested %d: a %s %s with traceparent %q; want a %s", nested, s.Outcome, s.Kind, s.TraceParent, kind)
		}
		if len(h.tally.commands) != map[uint32]int{0: 1}[nested] {
			t.Errorf("nested %d: %d commands of the node's runtimes", nested, len(h.tally.commands))
		}
	}
}

// TestForgedStart executes a program in place of an entrypoint, in the mount namespace
// of what is named like a runtime: no start.
func TestForgedStart(t *testing.T) {
	for _, nested := range []uint32{0, container} {
		h := newHostile(t)
		h.do(event.Event{Kind: event.KindExec, PID: 1, Args: launch("kube-apiserver"), Nested: nested, MntNS: 1})
		h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"runc", "create", "kube-apiserver"}, Nested: nested, MntNS: 1})
		h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, Nested: nested, MntNS: 1})
		h.do(event.Event{Kind: event.KindRename, PID: 2, Name: "runc:[2:INIT]", Nested: nested, MntNS: 1})
		h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"/bin/true"}, Nested: nested, MntNS: 1})
		if s := h.Stats(); len(h.tally.starts) != 0 || s.Discarded != 1 {
			t.Errorf("nested %d: %d starts, %d attempts discarded", nested, len(h.tally.starts), s.Discarded)
		}
	}
}

// TestForgedFailures lets what is named like a shim, or like a runtime, fail without
// having done anything: no failed starts. One that made a process is a failed start.
func TestForgedFailures(t *testing.T) {
	h := newHostile(t)
	for pid := range 100 {
		h.do(event.Event{Kind: event.KindExec, PID: 2*pid + 1, Args: launch(fmt.Sprint(pid))})
		h.do(event.Event{Kind: event.KindExit, PID: 2*pid + 1, Status: 1 << 8})
		h.do(event.Event{Kind: event.KindExec, PID: 2*pid + 2, Args: []string{"runc", "run", fmt.Sprint(pid)}})
		h.do(event.Event{Kind: event.KindExit, PID: 2*pid + 2, Status: 1 << 8})
	}
	if len(h.tally.starts) != 0 {
		t.Errorf("%d starts", len(h.tally.starts))
	}
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"runc", "run", "real"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	h.do(event.Event{Kind: event.KindExit, PID: 1, Status: 1 << 8})
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Failed {
		t.Errorf("%d starts; want one that failed", len(h.tally.starts))
	}
	checkConservation(t, h.Assembler)
}

// TestShimOfEngineFails lets the shim that an engine of the host has executed fail
// before it executes a runtime: a failed start.
func TestShimOfEngineFails(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindProcess, PID: 1, Args: []string{"containerd"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: launch("a")})
	h.do(event.Event{Kind: event.KindExit, PID: 2, Status: 1 << 8})
	if len(h.tally.starts) != 1 || h.tally.starts[0].ErrorType != start.ErrorShim {
		t.Errorf("%d starts", len(h.tally.starts))
	}
}

// TestClaimedID lets others claim a container's id before its engine does, in a
// container and on the host: the mount of its rootfs belongs to the real start.
func TestClaimedID(t *testing.T) {
	id := strings.Repeat("a", 64)
	for _, nested := range []uint32{0, container} {
		h := newHostile(t)
		h.do(event.Event{Kind: event.KindExec, PID: 1, Args: launch(id), Nested: nested, MntNS: 3})
		h.do(event.Event{Kind: event.KindMount, PID: 5, Target: "/run/" + id + "/rootfs", FSType: "overlay", MntNS: 1})
		mounted := h.now
		h.do(event.Event{Kind: event.KindExec, PID: 10, Args: launch(id), MntNS: 1})
		h.do(event.Event{Kind: event.KindFork, PID: 10, Child: 11, MntNS: 1})
		h.do(event.Event{Kind: event.KindExec, PID: 11, Args: []string{"runc", "create", id}, MntNS: 1})
		h.do(event.Event{Kind: event.KindBundle, PID: 11, Bundle: &event.Bundle{Root: "/run/" + id + "/rootfs"}})
		h.do(event.Event{Kind: event.KindFork, PID: 11, Child: 12, MntNS: 1})
		h.do(event.Event{Kind: event.KindRename, PID: 12, Name: "runc:[2:INIT]", MntNS: 2})
		h.do(event.Event{Kind: event.KindExec, PID: 12, Args: []string{"/app"}, MntNS: 2})
		if len(h.tally.starts) != 1 {
			t.Fatalf("nested %d: %d starts", nested, len(h.tally.starts))
		}
		s := h.tally.starts[0]
		if s.Counts.EngineMounts != 1 || s.Rootfs.Type != "overlay" || s.Phases[0].Name != start.PhasePrepare || s.Begin.UnixNano() != mounted {
			t.Errorf("nested %d: begins at %d, not with its mount at %d: %+v", nested, s.Begin.UnixNano(), mounted, s)
		}
	}
}

// TestContestedID lets two starts that are both proven claim an id at once: it is
// nobody's until one of them has an init.
func TestContestedID(t *testing.T) {
	id := strings.Repeat("b", 64)
	h := newHostile(t)
	create := func(pid int, name string) {
		h.do(event.Event{Kind: event.KindExec, PID: pid, Args: []string{name, "create", id}, MntNS: 1})
		h.do(event.Event{Kind: event.KindFork, PID: pid, Child: pid + 1, MntNS: 1})
	}
	create(10, "runc")
	create(20, "crun")
	h.do(event.Event{Kind: event.KindMount, PID: 5, Target: "/run/" + id, MntNS: 1})
	if h.Stats().Waiting != 1 {
		t.Errorf("the mount does not wait, though two starts claim its id")
	}
	h.do(event.Event{Kind: event.KindRename, PID: 11, Name: "runc:[2:INIT]", MntNS: 2})
	if h.Stats().Waiting != 0 {
		t.Errorf("the mount waits, though the runtime has made the container")
	}
	checkConservation(t, h.Assembler)
}

// TestQuotas fills every table from a container: the host's starts go on, and what the
// container loses marks only its own starts.
func TestQuotas(t *testing.T) {
	h := newHostile(t)
	long := strings.Repeat("y", 4000)
	for i := range 10000 {
		pid := 1000 + i
		h.do(event.Event{Kind: event.KindExec, PID: pid, Args: launch(fmt.Sprint(i)), Nested: container, MntNS: 3})
		h.do(event.Event{Kind: event.KindMount, PID: 3, Target: fmt.Sprintf("/%d/%s", i, long), Nested: container, MntNS: 3})
	}
	s := h.Stats()
	if s.NestedInProgress > maxNestedAttempts || s.InProgress != 0 || s.Processes > maxNestedProcesses {
		t.Errorf("%d and %d nested starts in progress, %d processes", s.InProgress, s.NestedInProgress, s.Processes)
	}
	if waiting := waitingBytes(h.Assembler); waiting > maxNestedWaitingBytes {
		t.Errorf("%d bytes wait", waiting)
	}
	h.do(event.Event{Kind: event.KindExec, PID: 10, Args: []string{"crun", "run", "honest"}, MntNS: 1})
	h.do(event.Event{Kind: event.KindLost, Lost: 5, Cause: "over_quota", Since: h.now, Nested: container})
	h.do(event.Event{Kind: event.KindFork, PID: 10, Child: 11, Flags: unix.CLONE_NEWNS, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 11, Args: []string{"/bin/true"}, MntNS: 2})
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Started {
		t.Errorf("%d starts: %+v", len(h.tally.starts), h.tally.starts)
	}
	h.Close()
	if i := slices.IndexFunc(h.tally.starts[1:], func(s *start.Start) bool { return s.Kind != start.Nested || s.Outcome != start.Incomplete }); i >= 0 {
		t.Errorf("a start of the container: %+v", h.tally.starts[1+i])
	}
	checkConservation(t, h.Assembler)
}

// TestManyOrigins lets more containers than have tables of their own do the same: they
// share, and the host does not notice.
func TestManyOrigins(t *testing.T) {
	h := newHostile(t)
	for i := range 10 * maxNestedOrigins {
		for j := range 20 {
			h.do(event.Event{Kind: event.KindExec, PID: 1000 + 100*i + j, Args: launch(fmt.Sprint(i, j)), Nested: uint32(container + i), MntNS: 3})
		}
	}
	if n := len(h.origins.nested); n > maxNestedOrigins+1 {
		t.Errorf("%d origins", n)
	}
	if s := h.Stats(); s.NestedInProgress > maxAllNestedAttempts {
		t.Errorf("%d nested starts in progress", s.NestedInProgress)
	}
	h.start(10, "honest", 0)
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Started {
		t.Errorf("%d starts", len(h.tally.starts))
	}
	checkConservation(t, h.Assembler)
}

// TestRefusedShim executes a runtime below a shim whose start was refused: the start is
// incomplete, as its beginning is not known.
func TestRefusedShim(t *testing.T) {
	h := newHostile(t)
	for i := range maxAttempts {
		h.do(event.Event{Kind: event.KindExec, PID: 10 + i, Args: []string{"crun", "run", fmt.Sprint(i)}})
	}
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: launch("a")})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	for i := range maxAttempts {
		h.do(event.Event{Kind: event.KindExit, PID: 10 + i, Status: 1 << 8})
	}
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"runc", "run", "a"}})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3})
	h.do(event.Event{Kind: event.KindExit, PID: 2, Status: 1 << 8})
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Incomplete || !strings.Contains(h.tally.starts[0].Error, "too many") {
		t.Errorf("%d starts: %+v", len(h.tally.starts), h.tally.starts)
	}
}
