package bpf

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/test/host"
)

// bundle writes an OCI bundle with this entrypoint and returns its directory. Its
// /bin contains a shell and some other programs.
func bundle(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "rootfs", "bin")
	for _, d := range []string{bin, dir + "/rootfs/dev", dir + "/rootfs/proc"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Skip("needs busybox-static:", err)
	}
	if err := os.WriteFile(filepath.Join(bin, "busybox"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, applet := range []string{"sh", "true", "mount", "sleep", "httpd"} {
		if err := os.Symlink("busybox", filepath.Join(bin, applet)); err != nil {
			t.Fatal(err)
		}
	}
	namespaces := []any{}
	for _, ns := range []string{"pid", "network", "ipc", "uts", "mount"} {
		namespaces = append(namespaces, map[string]string{"type": ns})
	}
	type object = map[string]any
	config, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"root":       object{"path": "rootfs"},
		"process": object{"cwd": "/", "env": []string{"PATH=/bin"},
			"args": args},
		"mounts": []any{
			object{"destination": "/proc", "type": "proc", "source": "proc"},
			object{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
		},
		"linux": object{"namespaces": namespaces},
		"hooks": object{"createRuntime": []any{object{"path": "/bin/cat", "args": []string{"cse-hook"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRuntime(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) { testRuntime(t, runtime) })
	}
}

// renamedRuntime is the beginning of the command line of a runtime's copy. The copy
// has another name, or the test would see other containers of the host.
type renamedRuntime []string

func renameRuntime(t *testing.T, runtime, name string) renamedRuntime {
	t.Helper()
	needRoot(t)
	path, err := exec.LookPath(runtime)
	if err != nil {
		t.Skip("needs", runtime)
	}
	var words renamedRuntime
	if runtime == "crun" {
		words = host.WithoutV2Controllers(t)
	}
	return append(words, copyProgram(t, path, name))
}

func (r renamedRuntime) command(args ...string) *exec.Cmd {
	words := slices.Concat(r, args)
	return exec.Command(words[0], words[1:]...)
}

func testRuntime(t *testing.T, runtime string) {
	dir := bundle(t, "/bin/sh", "-c", "/bin/true; /bin/mount -t proc none /proc; exit 5")
	name := "cse-" + runtime
	r := renameRuntime(t, runtime, name)
	w := watch(t, name)
	cmd := r.command("run", "--bundle", dir, "cse-"+filepath.Base(dir))
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 5 {
		t.Fatalf("%v\n%s", err, out)
	}

	all := func(*event.Event) bool { return true }
	entrypoint := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/sh" })
	if len(w.seen(event.KindFork, func(e *event.Event) bool { return e.Child == entrypoint.PID })) != 1 {
		t.Error("want one fork of init")
	}
	hook := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/cat" })
	w.one(event.KindExit, byPID(hook.PID))
	pivot := w.one(event.KindPivotRoot, byPID(entrypoint.PID))
	if pivot.RealTarget != dir+"/rootfs" {
		t.Errorf("pivot_root to %q", pivot.RealTarget)
	}
	w.one(event.KindMount, func(e *event.Event) bool {
		return e.PID == entrypoint.PID && e.FSType == "proc" && (e.RealTarget == dir+"/rootfs/proc" || e.Target == dir+"/rootfs/proc")
	})
	if runtime == "runc" {
		w.one(event.KindRename, func(e *event.Event) bool {
			return e.PID == entrypoint.PID && e.Name == "runc:[2:INIT]"
		})
	}

	// the workload is not watched
	for _, kind := range []event.Kind{event.KindExec, event.KindFork, event.KindExit, event.KindMount} {
		for _, e := range w.seen(kind, all) {
			if e.PID == entrypoint.PID && e.Time > entrypoint.Time || strings.HasPrefix(e.File, "/bin/true") {
				t.Errorf("after the entrypoint: %+v", e)
			}
		}
	}
	w.one(event.KindExit, byPID(cmd.Process.Pid))
}
