package collector

import (
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// runBelow lets a builder execute a runtime that runs a container without a shim, by a
// process of its own between them.
func (h *hostile) runBelow(builder string, nested uint32, runtime ...string) {
	h.do(event.Event{Kind: event.KindProcess, PID: 1, Args: []string{builder}, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 2, File: "/proc/self/exe", Args: []string{"buildah-oci-runtime"}, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 3, Args: runtime, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: 3, Child: 4, Nested: nested, MntNS: 1})
	h.do(event.Event{Kind: event.KindRename, PID: 4, Name: "runc:[2:INIT]", Nested: nested, MntNS: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 4, Args: []string{"/bin/sh", "-c", "make"}, Nested: nested, MntNS: 2})
}

// TestBuild runs containers without a shim: below a builder, one that is in the builder's
// own place for steps is a build; below anything else, it has no engine.
func TestBuild(t *testing.T) {
	buildkit := []string{"runc", "run", "--bundle", "/var/lib/docker/buildkit/executor/step", "--keep", "step"}
	buildah := []string{"runc", "create", "--bundle", "/var/tmp/buildah1", "buildah-buildah1"}
	other := []string{"runc", "run", "--bundle", "/home/me/step", "step"}
	for _, tt := range []struct {
		builder      string
		nested       uint32
		runtime      []string
		engine, kind string
	}{
		{"/usr/bin/dockerd", 0, buildkit, "buildkit", start.Build},
		{"buildkitd", 0, buildkit, "buildkit", start.Build},
		{"podman", 0, buildah, "podman", start.Build},
		{"/usr/bin/buildah", 0, buildah, "podman", start.Build},
		{"dockerd", 0, other, "none", start.Container},
		{"podman", 0, buildkit, "none", start.Container},
		{"/usr/bin/make", 0, buildkit, "none", start.Container},
		{"buildkitd", container, buildkit, "buildkit", start.Nested},
	} {
		h := newHostile(t)
		h.runBelow(tt.builder, tt.nested, tt.runtime...)
		if len(h.tally.starts) != 1 {
			t.Fatalf("%s: %d starts", tt.builder, len(h.tally.starts))
		}
		if s := h.tally.starts[0]; s.Engine != tt.engine || s.Kind != tt.kind {
			t.Errorf("%q below %s: engine %s, kind %s; want %s, %s", tt.runtime, tt.builder, s.Engine, s.Kind, tt.engine, tt.kind)
		}
	}
}

// TestShimOfBuild starts a step of a build by containerd, in BuildKit's namespace.
func TestShimOfBuild(t *testing.T) {
	h := newHostile(t)
	h.startBy("buildkit", "/run/containerd/runc/buildkit", "step")
	if s := h.tally.starts[0]; s.Engine != "buildkit" || s.Kind != start.Build {
		t.Errorf("engine %s, kind %s", s.Engine, s.Kind)
	}
}

// startBy starts a container by containerd's shim in a namespace of containerd.
func (h *hostile) startBy(namespace, root, id string) {
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"containerd-shim-runc-v2", "-namespace", namespace, "-id", id, "start"}, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"runc", "--root", root, "create", id}, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, MntNS: 1})
	h.do(event.Event{Kind: event.KindRename, PID: 3, Name: "runc:[2:INIT]", MntNS: 2})
	h.do(event.Event{Kind: event.KindExit, PID: 2})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 4, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 4, Args: []string{"runc", "--root", root, "start", id}, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/app"}, MntNS: 2})
}

// TestRenamedNamespace starts containers in a containerd namespace that an option has
// chosen: it is Docker's if the runtime keeps its states where dockerd has it do so.
func TestRenamedNamespace(t *testing.T) {
	for root, want := range map[string]string{
		"/var/run/docker/runtime-runc/mine": "docker",
		"/run/d2/runtime-runc/mine/":        "docker",
		"/run/containerd/runc/mine":         "containerd",
		"runtime-runc/mine":                 "containerd",
		"/runtime-runc":                     "containerd",
	} {
		h := newHostile(t)
		h.startBy("mine", root, "web")
		if len(h.tally.starts) != 1 || h.tally.starts[0].Engine != want {
			t.Errorf("%s: %+v, want a start by %s", root, h.tally.starts, want)
		}
	}
	h := newHostile(t)
	h.startBy("k8s.io", "/run/docker/runtime-runc/k8s.io", "web")
	if got := h.tally.starts[0].Engine; got != "cri" {
		t.Errorf("the namespace k8s.io is %s's", got)
	}
}

// TestEngineOfState starts a container in a namespace that shows no engine: a state file
// about it does. That of another engine's start changes nothing.
func TestEngineOfState(t *testing.T) {
	for launched, want := range map[string]string{"mine": "docker", "k8s.io": "cri"} {
		h := newHostile(t)
		h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"containerd-shim-runc-v2", "-namespace", launched, "-id", "a", "start"}, MntNS: 1})
		h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, MntNS: 1})
		h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"runc", "create", "a"}, MntNS: 1})
		h.do(event.Event{Kind: event.KindBundle, PID: 2, Bundle: &event.Bundle{Name: "web", Engine: "docker"}})
		h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, MntNS: 1})
		h.do(event.Event{Kind: event.KindRename, PID: 3, Name: "runc:[2:INIT]", MntNS: 2})
		h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/app"}, MntNS: 2})
		if got := h.tally.starts[0].Engine; got != want {
			t.Errorf("in the namespace %s it is %s's, want %s", launched, got, want)
		}
	}
}
