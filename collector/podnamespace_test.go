package collector

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// TestUserNamespaceOfPod lets an engine make the user and the network namespace of a pod in
// a process that it forks. Both are the sandbox's, and counted once; those of a process that
// executes a program, that exits, or that is not heard of again are not.
func TestUserNamespaceOfPod(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(h *hostile)
		made   bool
	}{
		{"for the pod", func(*hostile) {}, true},
		{"for a program", func(h *hostile) {
			h.do(event.Event{Kind: event.KindExec, PID: 7, Args: []string{"pause"}, MntNS: 1})
		}, false},
		{"for nothing", func(h *hostile) {
			h.do(event.Event{Kind: event.KindExit, PID: 7})
			h.do(event.Event{Kind: event.KindFork, PID: 5, Child: 7, StartTime: 0, MntNS: 1})
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHostile(t)
			h.do(event.Event{Kind: event.KindProcess, PID: 5, Comm: "crio", Args: []string{"crio"}, MntNS: 1, Namespaces: &event.Namespaces{Mnt: 1, Net: 3, User: 4}})
			h.do(event.Event{Kind: event.KindFork, PID: 5, Child: 7, Flags: unix.CLONE_NEWUSER, Namespaces: &event.Namespaces{Mnt: 1, Net: 3, User: 24}, MntNS: 1})
			tt.before(h)
			pod := event.Namespaces{Mnt: 1, Net: 23, User: 24}
			h.do(event.Event{Kind: event.KindUnshare, PID: 7, Flags: unix.CLONE_NEWNET, Duration: 500, Namespaces: &pod, MntNS: 1, NetNS: 23})
			h.do(event.Event{Kind: event.KindMount, PID: 5, TID: 6, Source: "/proc/7/ns/net", Target: "/var/run/netns/pod", Flags: unix.MS_BIND, MntNS: 1, NetNS: 3})
			h.do(event.Event{Kind: event.KindExit, PID: 7})
			s := h.startInPod(10, "pod", "sandbox")
			if slices.Contains(s.Made, "user") != tt.made || !slices.Contains(s.Made, "net") {
				t.Errorf("the sandbox made %q", s.Made)
			}
			var counted []Origin
			for _, n := range h.tally.spaces {
				if n.Type == "user" {
					counted = append(counted, n.Origin)
				}
			}
			want := []Origin{OriginOther}
			if tt.made {
				want = []Origin{OriginStart}
			}
			if !slices.Equal(counted, want) {
				t.Errorf("user namespaces are counted as %v, want %v", counted, want)
			}
		})
	}
}
