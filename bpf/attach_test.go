package bpf

import (
	"os"
	"testing"
	"time"

	"container_start_exporter/collector"

	"golang.org/x/sys/unix"
)

// TestModuleLoadedLater opens probes where veth is not loaded, and loads it. It
// comes before the tests that need veth. The kernels that are booted for it
// have the module's file where CSE_MODULE_VETH says.
func TestModuleLoadedLater(t *testing.T) {
	needRoot(t)
	module := os.Getenv("CSE_MODULE_VETH")
	if module == "" {
		t.Skip("needs CSE_MODULE_VETH, the file of a module that is not loaded: make test-kernels")
	}
	w := watchAlone(t, Options{Names: []string{"cse-late"}})
	before := w.vethHooks()
	if err := loadModule(module); err != nil {
		t.Fatal(err)
	}
	for _, h := range before {
		if h.Attached || h.Waiting != w.byFunctions() {
			t.Fatalf("before its module is loaded: %+v", h)
		}
	}
	if !w.byFunctions() || *mechanism == MechanismFentry && !modulesHaveTypes() {
		return // not by tracepoints, nor where modules have no types
	}
	for deadline := time.Now().Add(time.Minute); !w.attached("veth_newlink") || !w.attached("veth_dellink"); {
		if time.Now().After(deadline) {
			t.Fatalf("after its module was loaded: %+v", w.vethHooks())
		}
		time.Sleep(moduleTick)
	}
	for _, h := range w.vethHooks() {
		if *mechanism == MechanismAuto && modulesHaveTypes() && h.Mechanism != MechanismFentry {
			t.Errorf("%s is attached by %s: %v", h.Name, h.Mechanism, h.Err)
		}
	}
	play(t, "cse-late", "veth")
	w.one(collector.KindVethNewlink, func(e *collector.Event) bool { return e.Name == "cse-host" })
}

func (p *Probes) vethHooks() (hooks []Hook) {
	for _, h := range p.Hooks() {
		if h.Name == "veth_newlink" || h.Name == "veth_dellink" {
			hooks = append(hooks, h)
		}
	}
	return hooks
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}
