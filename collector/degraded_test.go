package collector

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestCutArguments starts a container of which one program had more arguments or a larger
// environment than is read: its record says so, unless that is the entrypoint.
func TestCutArguments(t *testing.T) {
	for cut, want := range map[string]string{"runtime": start.DegradedArguments, "hook": start.DegradedArguments, "plugin": start.DegradedArguments, "entrypoint": "", "none": ""} {
		t.Run(cut, func(t *testing.T) {
			h := newHostile(t)
			h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"/cni/bridge"}, File: "/cni/bridge", Truncated: cut == "plugin",
				Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=a"}})
			h.do(event.Event{Kind: event.KindExit, PID: 1})
			h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"crun", "run", "a"}, Truncated: cut == "runtime"})
			h.do(event.Event{Kind: event.KindBundle, PID: 2, Bundle: &event.Bundle{Root: "/r", Hooks: []event.Hook{{Kind: "prestart", Path: "/h"}}}})
			h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, Flags: unix.CLONE_NEWNS})
			h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 4})
			h.do(event.Event{Kind: event.KindExec, PID: 4, File: "/h", Args: []string{"/h"}, Truncated: cut == "hook"})
			h.do(event.Event{Kind: event.KindExit, PID: 4})
			h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/bin/true"}, Truncated: cut == "entrypoint"})
			if got := strings.Join(h.tally.starts[0].Degraded, " "); got != want {
				t.Errorf("degraded %q, want %q", got, want)
			}
		})
	}
}

// TestMissingProbe starts a container without probes of mounts: their time is in the
// phase before, and the record says that the phase rootfs is missing.
func TestMissingProbe(t *testing.T) {
	h := newHostile(t)
	h.SetMissing([]string{"mount", "execve", "chroot", "cgroup_rmdir", "unknown"})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"crun", "run", "a"}})
	h.do(event.Event{Kind: event.KindBundle, PID: 2, Bundle: &event.Bundle{Root: "/r"}})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindPivotRoot, PID: 3, Target: "."})
	h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/bin/true"}})
	s := h.tally.starts[0]
	// pivot_root was seen, so that no chroot is missing, and a start that succeeds has no failed exec
	if want := []string{"operation_mount", "operation_rootfs_mount", "phase_rootfs"}; !slices.Equal(s.Degraded, want) {
		t.Errorf("degraded %q, want %q", s.Degraded, want)
	}
	if slices.ContainsFunc(s.Phases, func(p start.Phase) bool { return p.Name == start.PhaseRootfs }) {
		t.Errorf("phases %v", s.Phases)
	}
	if want := []string{"failure", "operation_mount", "operation_pivot_root", "operation_rootfs_mount", "phase_init", "phase_rootfs"}; !slices.Equal(h.Stats().Unseen, want) {
		t.Errorf("unseen %q, want %q", h.Stats().Unseen, want)
	}
}
