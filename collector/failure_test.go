package collector

import (
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// The processes of a bare start by crun: the clone makes the namespaces and init.
const (
	failingRuntime = 10
	failingInit    = 11
	failingHook    = 12
)

// create lets a runtime create a container up to its init's first mount.
func (h *hostile) create(hooks ...event.Hook) {
	h.do(event.Event{Kind: event.KindExec, PID: failingRuntime, Args: []string{"crun", "run", "c"}})
	h.do(event.Event{Kind: event.KindBundle, PID: failingRuntime, Path: "/b", Bundle: &event.Bundle{Root: "/b/rootfs", Hooks: hooks}})
	h.do(event.Event{Kind: event.KindFork, PID: failingRuntime, Child: failingInit, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindMount, PID: failingInit, Target: "/b/rootfs"})
}

// failed returns the only start, which must have failed.
func (h *hostile) failed(t *testing.T) *start.Start {
	t.Helper()
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Failed {
		t.Fatalf("not one failed start: %+v", h.tally.starts)
	}
	return h.tally.starts[0]
}

// TestHookMissing lets a runtime try to execute a hook that does not exist: it kills
// init for that. The start has failed in the phase hooks, and names the hook's path.
func TestHookMissing(t *testing.T) {
	h := newHostile(t)
	h.create(event.Hook{Kind: "createRuntime", Path: "/opt/no such hook"})
	h.do(event.Event{Kind: event.KindFork, PID: failingRuntime, Child: failingHook})
	h.do(event.Event{Kind: event.KindExec, PID: failingHook, File: "/opt/no such hook", Ret: -int64(unix.ENOENT)})
	h.do(event.Event{Kind: event.KindExit, PID: failingHook, Status: 1 << 8})
	h.do(event.Event{Kind: event.KindExit, PID: failingInit, Status: int(unix.SIGKILL)})
	s := h.failed(t)
	const why = "init was killed by SIGKILL: hook /opt/no such hook: no such file or directory"
	if s.FailedPhase != start.PhaseHooks || s.ErrorType != start.ErrorHook || s.Error != why {
		t.Errorf("failed in %s for %s: %s", s.FailedPhase, s.ErrorType, s.Error)
	}
}

// TestNoHookMissing lets a runtime and init search for programs that are no hooks of
// the bundle, and for a hook that the other one of them executes: no hook is missing.
func TestNoHookMissing(t *testing.T) {
	h := newHostile(t)
	h.create(event.Hook{Kind: "createContainer", Path: "/opt/hook"})
	for i, path := range []string{"/usr/local/bin/helper", "/opt/hook"} {
		h.do(event.Event{Kind: event.KindFork, PID: failingRuntime, Child: failingHook + i})
		h.do(event.Event{Kind: event.KindExec, PID: failingHook + i, File: path, Ret: -int64(unix.ENOENT)})
	}
	h.do(event.Event{Kind: event.KindExit, PID: failingInit, Status: 1 << 8})
	if s := h.failed(t); s.FailedPhase != start.PhaseRootfs || s.ErrorType != start.ErrorInit {
		t.Errorf("failed in %s for %s: %s", s.FailedPhase, s.ErrorType, s.Error)
	}
}

// TestInitEnds ends an init that has found no entrypoint. Its runtime kills it once it
// has reported that, but it may exit before: both are the same failure. What kills it
// otherwise is another.
func TestInitEnds(t *testing.T) {
	for _, c := range []struct {
		status  int
		created bool
		want    start.ErrorType
	}{
		{1 << 8, false, start.ErrorInit},
		{int(unix.SIGKILL), false, start.ErrorInit},
		{int(unix.SIGKILL), true, start.ErrorKilled},
		{int(unix.SIGSEGV), false, start.ErrorKilled},
	} {
		h := newHostile(t)
		h.create()
		if c.created {
			h.do(event.Event{Kind: event.KindExit, PID: failingRuntime})
		}
		h.do(event.Event{Kind: event.KindExit, PID: failingInit, Status: c.status})
		if s := h.failed(t); s.ErrorType != c.want {
			t.Errorf("status %d, created %t: failed for %s, want %s", c.status, c.created, s.ErrorType, c.want)
		}
	}
}

// TestOOM lets the kernel's OOM killer kill a process of a start: init, or one that the
// runtime has forked before there is an init. The start fails for that.
func TestOOM(t *testing.T) {
	h := newHostile(t)
	h.create()
	h.do(event.Event{Kind: event.KindExit, PID: failingInit, Comm: "crun", Status: int(unix.SIGKILL), OOM: true})
	const why = "init was killed by SIGKILL: the OOM killer has killed crun"
	if s := h.failed(t); s.ErrorType != start.ErrorOOM || s.Error != why {
		t.Errorf("failed for %s: %s", s.ErrorType, s.Error)
	}
	h = newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: failingRuntime, Args: []string{"runc", "run", "c"}})
	h.do(event.Event{Kind: event.KindFork, PID: failingRuntime, Child: failingInit})
	h.do(event.Event{Kind: event.KindExit, PID: failingInit, Comm: "runc:[1:CHILD]", Status: int(unix.SIGKILL), OOM: true})
	h.do(event.Event{Kind: event.KindExit, PID: failingRuntime, Status: 1 << 8})
	if s := h.failed(t); s.ErrorType != start.ErrorOOM || s.FailedPhase != start.PhaseCreate {
		t.Errorf("failed in %s for %s: %s", s.FailedPhase, s.ErrorType, s.Error)
	}
}
