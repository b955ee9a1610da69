package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// bareRuntimes returns the runtimes with which the tests start containers without
// an engine, by name and version.
func bareRuntimes(t *testing.T) map[string]bareRuntime {
	t.Helper()
	recent := needRuntime(t, "runc")
	recent.prefix = inPath(tools.Runc15.Need(t))
	return map[string]bareRuntime{
		"runc 1.1": needRuntime(t, "runc"),
		"runc 1.5": recent,
		"crun":     needRuntime(t, "crun"),
	}
}

// hookKinds are the kinds of OCI hooks that are executed before the entrypoint, in
// this order (OCI runtime specification, runtime.md, lifecycle).
var hookKinds = []string{"prestart", "createRuntime", "createContainer", "startContainer"}

// TestHooks starts a container with an OCI hook of each kind, in two ways.
func TestHooks(t *testing.T) {
	host.NeedRoot(t)
	for name, r := range bareRuntimes(t) {
		t.Run(name, func(t *testing.T) { checkBareHooks(t, watch(t), name, r) })
	}
}

func checkBareHooks(t *testing.T, w *watcher, name string, r bareRuntime) {
	t.Helper()
	t.Run("run", func(t *testing.T) {
		recordEvents(t, "hooks "+name+" run", os.Getpid())
		id, dir := newID(t, "hooks"), hookedBundle(t, "/bin/true")
		must(t, r.cmd("run", "--bundle", dir, id))
		checkHooks(t, w, r, id, nil)
	})
	t.Run("create", func(t *testing.T) {
		recordEvents(t, "hooks "+name+" create", os.Getpid())
		id, dir := newID(t, "hooks"), hookedBundle(t, "/bin/sleep", "300")
		pidFile := filepath.Join(t.TempDir(), "pid")
		mustRunQuiet(t, r.cmd("create", "--bundle", dir, "--pid-file", pidFile, id))
		t.Cleanup(func() { r.remove(t, id) })
		must(t, r.cmd("start", id))
		one := checkHooks(t, w, r, id, []string{"wait", "start"})
		if pid := readPID(pidFile); one.PID != pid || one.Namespaces["net"] != namespace(t, pid, "net") {
			t.Errorf("pid %d in net:[%d]; %s says %d", one.PID, one.Namespaces["net"], r.name, pid)
		}
	})
}

// mustRunQuiet is runQuiet of a command that has to succeed.
func mustRunQuiet(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if code := runQuiet(t, cmd); code != 0 {
		t.Fatalf("%v: exit code %d", cmd.Args, code)
	}
}

// hookedBundle makes a bundle with an OCI hook of each kind, each of a different
// duration. Hooks that are executed in the container find the same shell there.
func hookedBundle(t *testing.T, args ...string) string {
	t.Helper()
	dir := bundle(t, args...)
	hooks := map[string]any{}
	for i, kind := range append(slices.Clone(hookKinds), "poststart", "poststop") {
		// crun fails if a hook exits without having read its input.
		script := "cat >/dev/null; sleep 0.0" + strconv.Itoa(i+2)
		hooks[kind] = []any{map[string]any{"path": "/bin/sh", "args": []string{"sh", "-c", script}}}
	}
	host.ChangeSpec(t, dir, func(spec map[string]any) { spec["hooks"] = hooks })
	return dir
}

// checkHooks checks that each OCI hook is an operation, in its order and its phase.
func checkHooks(t *testing.T, w *watcher, r bareRuntime, id string, after []string) record {
	t.Helper()
	one := w.wait(t, id)[id]
	checkStarted(t, one, "none", r.name, hookedPhases(r.name, after))
	var kinds []string
	for _, h := range one.operations("hook") {
		kind := h.Attributes["kind"]
		if kind == "poststart" { // before the entrypoint or after it, depending on the runtime
			continue
		}
		i := slices.Index(hookKinds, kind)
		if kinds = append(kinds, kind); i < 0 {
			continue
		}
		if least := int64(i+2) * 10e6; h.Duration < least || h.Duration > one.Duration || h.Attributes["exit_code"] != "0" {
			t.Errorf("hook %s took %d ns: %v", kind, h.Duration, h.Attributes)
		}
		if in := hookPhase(kind, after); h.Phase != in {
			t.Errorf("hook %s in phase %s; want %s", kind, h.Phase, in)
		}
	}
	if !slices.Equal(kinds, hookKinds) {
		t.Errorf("hooks %v; want %v", kinds, hookKinds)
	}
	return one
}

// hookedPhases returns the phases of a start with OCI hooks by a bare runtime.
func hookedPhases(runtime string, after []string) []string {
	names := setUpPhases(runtime)
	names = slices.Insert(names, slices.Index(names, "init"), "hooks")
	return append(names, after...)
}

// hookPhase returns the phase in which an OCI hook of a kind is executed.
func hookPhase(kind string, after []string) string {
	if kind != "startContainer" {
		return "hooks"
	}
	if len(after) == 0 {
		return "init"
	}
	return "start"
}
