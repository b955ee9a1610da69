// Package extend shows that a runtime and an engine are added from Go alone: both are
// values, no line of C knows them.
package extend

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/collector/start"
	"container_start_exporter/internal/bundle"
)

// The names of the test binary's copies.
const (
	shimName    = "cse-fake-shim"
	runtimeName = "cse-fake-run"
)

var fakeEngine = engine.Engine{
	Name: "fake",
	Shim: engine.Shim{
		Executables: []string{shimName},
		Launch: func(args []string) (engine.Launch, bool) {
			id := argv.Value(args, "--container")
			return engine.Launch{ID: id}, id != ""
		},
	},
	Annotations: []string{"fake.pod", "fake.name"},
	Identify: func(c engine.Container) (engine.Identity, bool) {
		var state struct{ Image string }
		if c.ReadJSON(filepath.Join(c.Bundle, "state.json"), &state) != nil {
			return engine.Identity{}, false
		}
		return engine.Identity{Name: c.Annotations["fake.name"], Image: state.Image}, true
	},
	Pod: func(b engine.Bundle) (engine.Pod, bool) {
		return engine.Pod{Name: b.Annotations["fake.pod"]}, b.Annotations["fake.pod"] != ""
	},
}

var fakeRuntime = runtime.Runtime{
	Name: "fakerun", Executables: []string{runtimeName}, CommandValues: []string{"bundle"},
	NamespacesComm: "fake:[NS]", InitComm: "fake:[INIT]",
}

// starts collects the starts of the fake engine.
type starts chan *start.Start

func (s starts) Ready(*start.Start) {}
func (s starts) Start(one *start.Start) {
	if one.Engine == fakeEngine.Name {
		s <- one
	}
}

// TestRuntimeAndEngineFromGoAlone starts a container by a runtime and a shim that
// only their values describe.
func TestRuntimeAndEngineFromGoAlone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to load BPF programs")
	}
	engine.Register(fakeEngine)
	runtime.Register(&fakeRuntime)
	probes, err := bpf.Open(bpf.Options{
		Names: engine.Executables(), Shims: engine.Shims(), Runtimes: runtime.Executables(), InitNames: runtime.InitNames(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer probes.Close()
	found := make(starts, 2)
	assembler := collector.New(collector.Config{}, found, nil)
	go func() { _ = probes.Read(bundle.NewReader(func(e *event.Event) { assembler.Handle(e) }).Handle) }()

	dir := makeBundle(t)
	shim := exec.Command(filepath.Join(dir, shimName), "--container", "web-1", "--bundle", dir)
	if out, err := shim.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got *start.Start
	select {
	case got = <-found:
	case <-time.After(10 * time.Second):
		t.Fatal("no start is reported")
	}
	var phases []start.PhaseName
	for _, p := range got.Phases {
		phases = append(phases, p.Name)
	}
	want := []start.PhaseName{start.PhaseShim, start.PhaseCreate, start.PhaseNamespaces, start.PhaseRootfs,
		start.PhaseInit, start.PhaseWait, start.PhaseStart}
	if got.Outcome != start.Started || !slices.Equal(phases, want) {
		t.Errorf("%s with the phases %q: %s", got.Outcome, phases, got.Error)
	}
	if got.ContainerID != "web-1" || got.Runtime != "fakerun" || got.Name != "web" || got.Image != "fake:1" {
		t.Errorf("%s by %s, name %q, image %q", got.ContainerID, got.Runtime, got.Name, got.Image)
	}
	if got.Pod == nil || got.Pod.Name != "shop" {
		t.Errorf("pod %+v", got.Pod)
	}
	if !slices.Equal(got.Made, []string{"mnt", "uts", "ipc"}) || got.Counts.Mounts != 2 {
		t.Errorf("namespaces %q, %d mounts", got.Made, got.Counts.Mounts)
	}
}

// makeBundle makes a bundle, with copies of the test binary as shim and runtime
// beside it. Its entrypoint is /true, of busybox.
func makeBundle(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, from := range map[string]string{
		shimName: "/proc/self/exe", runtimeName: "/proc/self/exe", "rootfs/true": "/bin/busybox",
	} {
		program, err := os.ReadFile(from)
		if err != nil {
			t.Skip("needs busybox-static:", err)
		}
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, content := range map[string]any{
		"config.json": map[string]any{
			"root":        map[string]string{"path": "rootfs"},
			"annotations": map[string]string{"fake.name": "web", "fake.pod": "shop"},
		},
		"state.json": map[string]string{"Image": "fake:1"},
	} {
		b, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
