package collector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// plugin lets a daemon execute a CNI plugin for the container c, which exits with a code.
func (h *hostile) plugin(daemon, pid int, name, command string, code int) {
	h.do(event.Event{Kind: event.KindFork, PID: daemon, Child: pid})
	h.do(event.Event{
		Kind: event.KindExec, PID: pid, File: "/opt/cni/bin/" + name, Args: []string{name}, MntNS: 1, NetNS: 3,
		Env: []string{
			"CNI_COMMAND=" + command, "CNI_CONTAINERID=c", "CNI_NETNS=/run/netns/c", "CNI_IFNAME=eth0",
			"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=db;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u-1",
		},
	})
	h.do(event.Event{Kind: event.KindExit, PID: pid, Status: code << 8})
}

// makeNetns lets a daemon make the network namespace of the container c.
func (h *hostile) makeNetns(daemon int, args ...string) {
	h.do(event.Event{Kind: event.KindProcess, PID: daemon, Comm: args[0], Args: args, MntNS: 1, Namespaces: &event.Namespaces{Mnt: 1, Net: 3}})
	made := event.Namespaces{Mnt: 1, Net: 23}
	h.do(event.Event{Kind: event.KindUnshare, PID: daemon, TID: daemon + 1, Flags: unix.CLONE_NEWNET, Duration: 500, Namespaces: &made, MntNS: 1, NetNS: 23})
	h.do(event.Event{
		Kind: event.KindMount, PID: daemon, TID: daemon + 1, Source: "/proc/1/task/2/ns/net", Target: "/run/netns/c", Flags: unix.MS_BIND,
		SourceNS: 23, MntNS: 1, NetNS: 23,
	})
}

// onlyFailed returns the only start, which has failed.
func (h *hostile) onlyFailed(t *testing.T) *start.Start {
	t.Helper()
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Failed {
		t.Fatalf("%d starts; want one that failed", len(h.tally.starts))
	}
	return h.tally.starts[0]
}

// TestNetworkRolledBack lets engines undo a network that they have not finished: the start
// of which that is all has failed, by the plugin that failed first.
func TestNetworkRolledBack(t *testing.T) {
	pod := start.Pod{Name: "db", Namespace: "shop", UID: "u-1", SandboxID: "c"}
	for _, tt := range []struct {
		daemon       string
		engine, kind string
		name         string
		pod          *start.Pod
	}{
		{"containerd", "cri", start.Sandbox, "", &pod},
		{"crio", "cri-o", start.Sandbox, "", &pod},
		{"podman", "podman", start.Container, "db", nil},
	} {
		t.Run(tt.daemon, func(t *testing.T) {
			h := newHostile(t)
			h.makeNetns(5, tt.daemon)
			h.plugin(5, 10, "loopback", "ADD", 0)
			h.plugin(5, 11, "bridge", "ADD", 3)
			h.plugin(5, 12, "bridge", "DEL", 0)
			h.plugin(5, 13, "loopback", "DEL", 0)
			s := h.onlyFailed(t)
			if s.FailedPhase != start.PhasePrepare || s.ErrorType != start.ErrorNetwork ||
				s.Error != "CNI plugin bridge failed with exit code 3" {
				t.Errorf("failed in %s: %s, %q", s.FailedPhase, s.ErrorType, s.Error)
			}
			if s.Engine != tt.engine || s.Kind != tt.kind || s.Name != tt.name || s.ContainerID != "c" {
				t.Errorf("%s of %s named %q, id %s; want %s of %s named %q", s.Kind, s.Engine, s.Name, s.ContainerID, tt.kind, tt.engine, tt.name)
			}
			if (s.Pod == nil) != (tt.pod == nil) || s.Pod != nil && *s.Pod != *tt.pod {
				t.Errorf("pod %+v, want %+v", s.Pod, tt.pod)
			}
			if s.Operations[0].Name != start.OpNetns || s.Counts.Execs != 2 {
				t.Errorf("it began with %s and executed %d programs; want netns, 2", s.Operations[0].Name, s.Counts.Execs)
			}
			want := []NetworkProgram{
				{"loopback", "add", 1000, false}, {"bridge", "add", 1000, true},
				{"bridge", "del", 1000, false}, {"loopback", "del", 1000, false},
			}
			for i, one := range h.tally.programs {
				h.tally.programs[i].Duration = min(one.Duration, 1000)
			}
			if !slices.Equal(h.tally.programs, want) {
				t.Errorf("network programs %v, want %v", h.tally.programs, want)
			}
			if waiting := h.Stats().Waiting; waiting != 0 {
				t.Errorf("%d events still wait for a start", waiting)
			}
		})
	}
}

// TestFirstPluginThatFailed lets the plugin for addresses fail, and the one that has
// executed it because of that.
func TestFirstPluginThatFailed(t *testing.T) {
	h := newHostile(t)
	h.makeNetns(5, "containerd")
	h.do(event.Event{Kind: event.KindFork, PID: 5, Child: 10})
	env := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=c", "CNI_NETNS=/run/netns/c", "CNI_ARGS=K8S_POD_NAME=db"}
	h.do(event.Event{Kind: event.KindExec, PID: 10, File: "/opt/cni/bin/bridge", Args: []string{"bridge"}, Env: env, MntNS: 1, NetNS: 3})
	h.do(event.Event{Kind: event.KindFork, PID: 10, Child: 11})
	h.do(event.Event{Kind: event.KindExec, PID: 11, File: "/opt/cni/bin/host-local", Args: []string{"host-local"}, Env: env, MntNS: 1, NetNS: 3})
	h.do(event.Event{Kind: event.KindExit, PID: 11, Status: 9})
	h.do(event.Event{Kind: event.KindExit, PID: 10, Status: 1 << 8})
	h.plugin(5, 12, "bridge", "DEL", 0)
	if s := h.onlyFailed(t); s.Error != "CNI plugin host-local failed with exit code 137" {
		t.Errorf("%q", s.Error)
	}
}

// TestPluginMissing lets an engine undo the network although no plugin that ran has failed.
func TestPluginMissing(t *testing.T) {
	h := newHostile(t)
	h.makeNetns(5, "containerd")
	h.plugin(5, 10, "bridge", "ADD", 0)
	h.plugin(5, 11, "bridge", "DEL", 0)
	if s := h.onlyFailed(t); !strings.Contains(s.Error, "missing") || strings.Contains(s.Error, "bridge") || s.ErrorType != start.ErrorCancelled {
		t.Errorf("%q", s.Error)
	}
}

// TestProgramOfPluginThatFailed lets plugins execute iptables, which exits with 1 if it does not
// find the rule that it looks for: that is no failure of the network.
func TestProgramOfPluginThatFailed(t *testing.T) {
	for _, tt := range []struct {
		code int // of the plugin
		want string
	}{
		{3, "CNI plugin bridge failed with exit code 3"},
		{0, "the engine undid the network, though no CNI plugin had failed: is another one missing, or the sandbox's image?"},
	} {
		h := newHostile(t)
		h.makeNetns(5, "containerd")
		env := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=c", "CNI_NETNS=/run/netns/c", "CNI_ARGS=K8S_POD_NAME=db"}
		h.do(event.Event{Kind: event.KindFork, PID: 5, Child: 10})
		h.do(event.Event{Kind: event.KindExec, PID: 10, File: "/opt/cni/bin/bridge", Args: []string{"bridge"}, Env: env, MntNS: 1, NetNS: 3})
		h.do(event.Event{Kind: event.KindFork, PID: 10, Child: 11})
		h.do(event.Event{Kind: event.KindExec, PID: 11, Args: []string{"iptables", "-t", "nat", "-C", "POSTROUTING"}, Env: env, MntNS: 1, NetNS: 3})
		h.do(event.Event{Kind: event.KindExit, PID: 11, Status: 1 << 8})
		h.do(event.Event{Kind: event.KindExit, PID: 10, Status: tt.code << 8})
		h.plugin(5, 12, "bridge", "DEL", 0)
		if s := h.onlyFailed(t); s.Error != tt.want || s.Counts.Execs != 2 {
			t.Errorf("%q with %d executions, want %q with 2", s.Error, s.Counts.Execs, tt.want)
		}
	}
}

// TestNotRolledBack takes down networks of which nothing shows that a start has failed.
func TestNotRolledBack(t *testing.T) {
	for name, tt := range map[string]struct {
		daemon string
		before func(h *hostile)
	}{
		"never set up":           {"containerd", func(*hostile) {}},
		"long ago":               {"containerd", func(h *hostile) { h.plugin(5, 10, "bridge", "ADD", 0); h.now += int64(time.Minute) }},
		"by no engine":           {"bash", func(h *hostile) { h.plugin(5, 10, "bridge", "ADD", 1) }},
		"by an engine's builder": {"buildkitd", func(h *hostile) { h.plugin(5, 10, "bridge", "ADD", 1) }},
		"of CRI-O's pod without containers": {"crio", func(h *hostile) {
			h.plugin(5, 10, "bridge", "ADD", 0)
			h.plugin(5, 11, "bridge", "CHECK", 0)
		}},
		"of a container that has started": {"crio", func(h *hostile) {
			h.plugin(5, 10, "bridge", "ADD", 0)
			h.do(event.Event{Kind: event.KindFork, PID: 5, Child: 30})
			h.do(event.Event{Kind: event.KindExec, PID: 30, Args: []string{"conmon", "-c", "c", "--exit-dir", "/run/crio/exits"}, MntNS: 1})
			h.do(event.Event{Kind: event.KindFork, PID: 30, Child: 31})
			h.do(event.Event{Kind: event.KindExec, PID: 31, Args: []string{"crun", "create", "c"}, MntNS: 1})
			h.do(event.Event{Kind: event.KindFork, PID: 31, Child: 32, Flags: unix.CLONE_NEWNS})
			h.do(event.Event{Kind: event.KindExec, PID: 32, File: "/app", MntNS: 2})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.makeNetns(5, tt.daemon)
			tt.before(h)
			h.do(event.Event{Kind: event.KindClock})
			before := len(h.tally.starts)
			h.plugin(5, 20, "bridge", "DEL", 0)
			if got := h.tally.starts[before:]; len(got) != 0 {
				t.Errorf("a start that %s: %q", got[0].Outcome, got[0].Error)
			}
		})
	}
}
