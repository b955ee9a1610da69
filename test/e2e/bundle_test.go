package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
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
	host.NeedRoot(t)
	r := bareRuntime{name: name}
	if name == "crun" {
		r.prefix = host.WithoutV2Controllers(t)
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
	root, err := host.Rootfs()
	if err != nil {
		t.Fatal(err)
	}
	return host.Bundle(t, root, args...)
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
	return r.runForeground(t, bundle(t, "/bin/sleep", "300"), func(pid int) bool { return comm(pid) == "sleep" })
}

// runForeground does that with a bundle, whose container is started once started
// returns true for its init's pid.
func (r bareRuntime) runForeground(t *testing.T, dir string, started func(pid int) bool) (id string, pid int) {
	t.Helper()
	id = newID(t, r.name)
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := host.Start(t, r.cmd("run", "--bundle", dir, "--pid-file", pidFile, id))
	t.Cleanup(func() { // the runtime then deletes the container, and exits
		_ = unix.Kill(pid, unix.SIGKILL)
		select {
		case <-p.Exited:
		case <-time.After(10 * time.Second):
			t.Errorf("%s run outlives its container", r.name)
		}
	})
	host.WaitFor(t, 10*time.Second, r.name+" run to start its container", func() bool {
		pid = readPID(pidFile)
		return started(pid)
	}, p.Stderr.String)
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
