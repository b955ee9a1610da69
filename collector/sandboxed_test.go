package collector

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// The processes of a start by gVisor: its sandbox is the child of create.
const (
	sandboxedShim = 10 + iota
	sandboxedCreate
	sandboxedSandbox
	sandboxedStart
)

// runsc lets a shim, if there is one, execute a command of runsc.
func (h *hostile) runsc(pid int, command string) {
	h.do(event.Event{Kind: event.KindFork, PID: sandboxedShim, Child: pid})
	h.do(event.Event{Kind: event.KindExec, PID: pid, MntNS: 1, Args: []string{"runsc", "--root", "/run/runsc", command, "c"}})
}

// createSandbox lets runsc create a container.
func (h *hostile) createSandbox() {
	h.runsc(sandboxedCreate, "create")
	h.do(event.Event{Kind: event.KindFork, PID: sandboxedCreate, Child: sandboxedSandbox, Flags: unix.CLONE_NEWNS | unix.CLONE_NEWNET})
	h.do(event.Event{Kind: event.KindExec, PID: sandboxedSandbox, File: "/proc/self/exe", Args: []string{"runsc-sandbox", "boot"}})
	h.do(event.Event{Kind: event.KindExit, PID: sandboxedCreate})
}

// TestSandboxedStart starts a container of which the host sees no init: the start lasts
// until the start command has exited.
func TestSandboxedStart(t *testing.T) {
	h := newHostile(t)
	h.launchByEngine(sandboxedShim, "c")
	h.createSandbox()
	h.runsc(sandboxedStart, "start")
	h.do(event.Event{Kind: event.KindExit, PID: sandboxedStart})
	if len(h.tally.starts) != 1 || h.Stats().InProgress != 0 {
		t.Fatalf("%d starts, %d in progress", len(h.tally.starts), h.Stats().InProgress)
	}
	var phases []start.PhaseName
	s := h.tally.starts[0]
	for _, p := range s.Phases {
		phases = append(phases, p.Name)
	}
	want := []start.PhaseName{start.PhaseShim, start.PhaseCreate, start.PhaseWait, start.PhaseStart}
	if s.Outcome != start.Started || s.Runtime != "runsc" || !slices.Equal(phases, want) {
		t.Errorf("%s by %s with the phases %v, want %v", s.Outcome, s.Runtime, phases, want)
	}
}

// TestSandboxedStartFails lets the start command fail, or the engine give the start up.
func TestSandboxedStartFails(t *testing.T) {
	for command, want := range map[string]start.ErrorType{"start": start.ErrorRuntime, "delete": start.ErrorCancelled} {
		h := newHostile(t)
		h.launchByEngine(sandboxedShim, "c")
		h.createSandbox()
		h.runsc(sandboxedStart, command)
		h.do(event.Event{Kind: event.KindExit, PID: sandboxedStart, Status: 1 << 8})
		if s := h.failed(t); s.ErrorType != want {
			t.Errorf("%s: failed for %s, want %s", command, s.ErrorType, want)
		}
	}
}

// TestSandboxedStartUnproven executes what looks like runsc without a shim that an
// engine has executed: anybody can. It is no start.
func TestSandboxedStartUnproven(t *testing.T) {
	h := newHostile(t)
	h.createSandbox()
	h.runsc(sandboxedStart, "start")
	h.do(event.Event{Kind: event.KindExit, PID: sandboxedStart})
	if len(h.tally.starts) != 0 || h.Stats().InProgress != 0 {
		t.Errorf("%d starts, %d in progress; want none", len(h.tally.starts), h.Stats().InProgress)
	}
}
