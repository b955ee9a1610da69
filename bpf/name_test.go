package bpf

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
)

// TestNames executes files with names that have a version, a prefix or a suffix, and a
// link, and others that only look like these.
func TestNames(t *testing.T) {
	w := watch(t, "") // cse-known, the shim cse-shim-v2, the runtimes qrunx and zouki
	for name, watched := range map[string]bool{
		"qrunx": true, "qrunx-1.1.5": true, "qrunx.amd64": true, "qrunx2": true, "build-qrunx": true,
		"long-prefix-of-a-name_qrunx-1": true, "zouki-0.5": true, "cse-shim-v2-2.2.1": true, "cse-known-3": true,
		"qrunxy": false, "aqrunx": false, "prunes": false, "run-parts": false, "zoukis": false, "cse-shim": false, "cse-shim-v2x": false,
	} {
		file := copyProgram(t, "/bin/true", name)
		cmd := exec.Command(file)
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		if got := len(w.seen(event.KindExec, byPID(cmd.Process.Pid))); got == 1 != watched || got > 1 {
			t.Errorf("%s: %d execs, watched must be %v", name, got, watched)
		}
	}
	link := filepath.Join(t.TempDir(), "linked")
	if err := os.Symlink(copyProgram(t, "/bin/true", "qrunx-3"), link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if e := w.one(event.KindExec, byPID(cmd.Process.Pid)); e.Exe != "qrunx-3" {
		t.Errorf("a link: the file is %q", e.Exe)
	}
}

// TestShimExecutesRuntime has a shim execute a runtime of another name: its init is
// recognised, and the workload is not watched.
func TestShimExecutesRuntime(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		dir := bundle(t, "/bin/sh", "-c", "/bin/true")
		tank := renameRuntime(t, runtime, "tank")
		w := watch(t, "cse-monitor")
		shim := copyProgram(t, "/bin/dash", "cse-monitor")
		line := strings.Join(tank, " ") + " run --bundle " + dir + " cse-" + filepath.Base(dir)
		if out, err := exec.Command(shim, "-c", line+"; exit $?").CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", runtime, err, out)
		}
		if e := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/sh" }); !e.Last {
			t.Errorf("%s: the workload is watched: %+v", runtime, e)
		}
	}
}
