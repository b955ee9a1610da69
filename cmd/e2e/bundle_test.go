package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/internal/testhost"

	"golang.org/x/sys/unix"
)

// bareRuntime is an OCI runtime without an engine.
type bareRuntime struct {
	name string
	// prefix precedes its command line, if the host's cgroups require one.
	prefix []string
}

// needRuntime returns runc or crun, ready to run.
func needRuntime(t *testing.T, name string) bareRuntime {
	t.Helper()
	needRoot(t)
	r := bareRuntime{name: name}
	if name == "crun" {
		r.prefix = testhost.WithoutV2Controllers(t)
	}
	t.Cleanup(r.removeCgroups)
	return r
}

// removeCgroups removes the cgroups that the runtime left behind for failed
// containers: a single one would keep alive a hierarchy that is mounted only for
// the test.
func (r bareRuntime) removeCgroups() {
	words := append(slices.Clone(r.prefix), "sh", "-c", fmt.Sprintf("rmdir /sys/fs/cgroup/e2e-*-%[1]d-* /sys/fs/cgroup/*/e2e-*-%[1]d-*", os.Getpid()))
	_ = exec.Command(words[0], words[1:]...).Run() // there may be none
}

func (r bareRuntime) cmd(args ...string) *exec.Cmd {
	words := append(append(append([]string{}, r.prefix...), r.name), args...)
	return exec.Command(words[0], words[1:]...)
}

// bundle makes a bundle that executes args, and returns its directory.
func bundle(t *testing.T, args ...string) string {
	t.Helper()
	root, err := rootfs()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	must(t, exec.Command("runc", "spec", "--bundle", dir))
	path := filepath.Join(dir, "config.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var spec map[string]any
	if err := json.Unmarshal(content, &spec); err != nil {
		t.Fatal(err)
	}
	spec["ociVersion"] = "1.0.2" // crun 1.8 rejects newer ones
	spec["root"].(map[string]any)["path"] = root
	process := spec["process"].(map[string]any)
	process["args"] = args
	process["terminal"] = false
	process["rlimits"] = []any{} // raising one needs CAP_SYS_RESOURCE
	if content, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// newID returns an id for a bare container that no other run uses.
func newID(t *testing.T, what string) string {
	t.Helper()
	return fmt.Sprintf("e2e-%s-%d-%d", what, os.Getpid(), time.Now().UnixNano())
}

// run runs a container to its end, in the foreground, and returns its id.
func (r bareRuntime) run(t *testing.T, args ...string) (id string, res result) {
	t.Helper()
	id = newID(t, r.name)
	return id, execute(t, r.cmd("run", "--bundle", bundle(t, args...), id))
}

// runSleeping runs a container that runs until the end of the test, in the
// foreground of its runtime, and returns its id and its init's pid as the runtime
// reports it.
func (r bareRuntime) runSleeping(t *testing.T) (id string, pid int) {
	t.Helper()
	id = newID(t, r.name)
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := startCmd(t, r.cmd("run", "--bundle", bundle(t, "/bin/sleep", "300"), "--pid-file", pidFile, id))
	t.Cleanup(func() { // the runtime then deletes the container, and exits
		_ = unix.Kill(pid, unix.SIGKILL)
		select {
		case <-p.exited:
		case <-time.After(10 * time.Second):
			t.Errorf("%s run outlives its container", r.name)
		}
	})
	waitFor(t, 10*time.Second, r.name+" run to execute the entrypoint", func() bool {
		pid = readPID(pidFile)
		return comm(pid) == "sleep"
	}, p.stderr.String)
	return id, pid
}

// readPID returns the number in a pid file, or 0 if there is none yet.
func readPID(path string) int {
	content, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}

// comm returns the name of a process, or "" if there is no such process.
func comm(pid int) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(content))
}

// remove deletes a container that was created and may be running.
func (r bareRuntime) remove(t *testing.T, id string) {
	t.Helper()
	must(t, r.cmd("delete", "--force", id))
}
