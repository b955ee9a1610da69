package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// TestFaultCgroupRemoved removes the container's cgroups in the middle of its start,
// after its init was moved out of them: the start ends as the runtime ends it.
func TestFaultCgroupRemoved(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s, w := serve(t), watch(t)
		held := r.hold(t, inReleasableHook, "run", bundle(t, "/bin/true"))
		removeOwnCgroups(t, held)
		if err := os.WriteFile(releasePath(held.dir), []byte("\n"), 0); err != nil {
			t.Fatal(err)
		}
		host.WaitFor(t, 10*time.Second, "the runtime to end", func() bool { return !held.runtime.Running() }, nil)
		one := w.wait(t, held.id)[held.id]
		checkRecord(t, one)
		if succeeded := held.runtime.Cmd.ProcessState.Success(); succeeded != (one.Outcome == "started") {
			t.Errorf("%s run: %v; %s in %q: %s", r.name, held.runtime.Cmd.ProcessState, one.Outcome, one.FailedPhase, one.Error)
		}
		s.waitIdle(t, 10*time.Second)
		checkAfterwards(t, s, w, r)
	})
}

// inReleasableHook holds a start in an OCI hook until something is written to
// releasePath. Then the hook succeeds.
var inReleasableHook = hold{
	prepare: func(t *testing.T, dir string) {
		t.Helper()
		makeFIFO(t, releasePath(dir))
		addHook(t, dir, "createRuntime", "/bin/sh", "sh", "-c", "cat >/dev/null; read line <"+releasePath(dir))
	},
	reached: func(dir string, process int) bool {
		line, _ := os.ReadFile(procFile(process, "cmdline"))
		return strings.Contains(string(line), releasePath(dir)) && isOpening(process)
	},
}

func releasePath(dir string) string { return filepath.Join(dir, "release") }

// removeOwnCgroups moves the processes of a container to the roots of all
// hierarchies and removes the cgroups that they were in.
func removeOwnCgroups(t *testing.T, held *heldStart) {
	t.Helper()
	init := held.init(t)
	removed := 0
	for line := range strings.Lines(readFile(t, procFile(init, "cgroup"))) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if !strings.Contains(fields[2], held.id) {
			continue
		}
		hierarchy := strings.TrimPrefix(fields[1], "name=")
		root := procFile(held.runtime.Cmd.Process.Pid, filepath.Join("root/sys/fs/cgroup", hierarchy))
		if _, err := os.Stat(filepath.Join(root, "unified")); hierarchy == "" && err == nil {
			root = filepath.Join(root, "unified")
		}
		dir := filepath.Join(root, fields[2])
		for _, process := range strings.Fields(readFile(t, filepath.Join(dir, "cgroup.procs"))) {
			_ = os.WriteFile(filepath.Join(root, "cgroup.procs"), []byte(process), 0)
		}
		host.WaitFor(t, 5*time.Second, dir+" to be removed", func() bool { return unix.Rmdir(dir) == nil }, nil)
		removed++
	}
	if removed == 0 {
		t.Fatalf("no cgroup of %s", held.id)
	}
}
