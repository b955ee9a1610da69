package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"container_start_exporter/test/host"
)

// setUpPhases returns the phases of a start by a runtime until the container is
// set up.
func setUpPhases(runtime string) []string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); runtime == "crun" && err != nil {
		// on cgroup v1, crun creates the cgroup after its clone
		return []string{"create", "namespaces", "cgroup", "rootfs", "init"}
	}
	return []string{"create", "cgroup", "namespaces", "rootfs", "init"}
}

// eachRuntime runs a test with each bare runtime.
func eachRuntime(t *testing.T, test func(t *testing.T, r bareRuntime)) {
	host.NeedRoot(t)
	for _, name := range []string{"runc", "crun"} {
		t.Run(name, func(t *testing.T) { test(t, needRuntime(t, name)) })
	}
}

// TestBareRun starts containers that exit at once, with the command run alone.
func TestBareRun(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) { checkBareRun(t, watch(t), r) })
}

func checkBareRun(t *testing.T, w *watcher, r bareRuntime) {
	t.Helper()
	var ids []string
	for range 10 {
		id, res := r.run(t, "/bin/echo", "hi")
		if res.code != 0 || res.stdout != "hi\n" {
			t.Fatalf("%s run: %v", r.name, res)
		}
		ids = append(ids, id)
	}
	for _, one := range w.wait(t, ids...) {
		checkStarted(t, one, "none", r.name, setUpPhases(r.name))
		if one.Counts.Veths != 0 || one.Counts.EngineMounts != 0 {
			t.Errorf("%s: %+v", one.ContainerID, one.Counts)
		}
	}
}

// TestBareCreateStart starts a container in two steps, and then runs exec in it,
// which is not a start.
func TestBareCreateStart(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) { checkBareCreateStart(t, watch(t), r) })
}

func checkBareCreateStart(t *testing.T, w *watcher, r bareRuntime) {
	t.Helper()
	id := newID(t, r.name)
	pidFile := filepath.Join(t.TempDir(), "pid")
	mustRunQuiet(t, r.cmd("create", "--bundle", bundle(t, "/bin/sleep", "300"), "--pid-file", pidFile, id))
	t.Cleanup(func() { r.remove(t, id) })
	must(t, r.cmd("start", id))
	if got := must(t, r.cmd("exec", id, "/bin/echo", "inside")); got != "inside\n" {
		t.Errorf("%s exec says %q", r.name, got)
	}

	later, _ := r.run(t, "/bin/true")
	w.wait(t, later)
	one := w.wait(t, id)[id]
	checkStarted(t, one, "none", r.name, append(setUpPhases(r.name), "wait", "start"))
	if pid := readPID(pidFile); one.PID != pid {
		t.Errorf("pid %d; %s says %d", one.PID, r.name, pid)
	}
}

// TestBareHook times an OCI hook: its duration is in its operation and its phase.
func TestBareHook(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		w := watch(t)
		dir := bundle(t, "/bin/true")
		addHook(t, dir, "createRuntime", "/bin/sh", "slow-hook", "-c", "cat >/dev/null; sleep 0.1")
		id := newID(t, r.name)
		must(t, r.cmd("run", "--bundle", dir, id))

		one := w.wait(t, id)[id]
		want := append(setUpPhases(r.name), "hooks")
		got := one.phaseNames()
		slices.Sort(want)
		slices.Sort(got)
		checkStarted(t, one, "none", r.name, one.phaseNames())
		if !slices.Equal(got, want) {
			t.Errorf("phases %v; want %v in some order", one.phaseNames(), want)
		}
		hooks := one.operations("hook")
		if len(hooks) != 1 {
			t.Fatalf("%d hooks; want 1", len(hooks))
		}
		h := hooks[0]
		if h.Duration < 100e6 || one.phase("hooks").Duration < h.Duration {
			t.Errorf("the hook took %d ns, its phase %d; want 100 ms at least, and the phase longer", h.Duration, one.phase("hooks").Duration)
		}
		if h.Attributes["kind"] != "createRuntime" || h.Attributes["exit_code"] != "0" {
			t.Errorf("hook %v", h.Attributes)
		}
	})
}

// addHook adds an OCI hook to a bundle; args begin with the hook's argv[0].
func addHook(t *testing.T, dir, kind, path string, args ...string) {
	t.Helper()
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		spec["hooks"] = map[string]any{kind: []any{map[string]any{"path": path, "args": args}}}
	})
}
