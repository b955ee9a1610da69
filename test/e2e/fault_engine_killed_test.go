package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestFaultEngineKilled kills containerd in the middle of a start and starts it
// again: that start has not succeeded, later starts are right, and none stays in
// progress.
func TestFaultEngineKilled(t *testing.T) {
	for _, g := range containerds {
		t.Run(g.name, func(t *testing.T) {
			c := g.start(t)
			s, w := serve(t), watch(t)
			before := s.scrape(t)
			id := c.startHeld(t)
			_ = c.Cmd.Process.Kill()
			<-c.Exited
			c.restart(t)
			// The container exists; its task does not, or has not been started.
			_ = c.ctr("-n", ctrNamespace, "task", "rm", "--force", id).Run()
			must(t, c.ctr("-n", ctrNamespace, "container", "rm", id))

			checkFailedFor(t, w, id, "hooks", []string{"runtime", "killed", "hook", "init"})
			s.waitIdle(t, 10*time.Second)
			n := tallyOf(t, before, s.scrape(t))
			if n.started != 0 || n.reported() != 1 || n.lost != 0 {
				t.Errorf("%+v; want one start that failed", n)
			}
			c.checkLater(t, s, w)
		})
	}
}

// startHeld starts a container whose runtime waits in an OCI hook, and returns its
// id.
func (c *containerd) startHeld(t *testing.T) (id string) {
	t.Helper()
	id = newID(t, "ctr")
	dir, inHook := bundle(t, "/bin/sleep", "300"), inHook("createRuntime")
	inHook.prepare(t, dir)
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		spec["linux"].(map[string]any)["cgroupsPath"] = "/" + ctrNamespace + "/" + id
	})
	cmd := c.ctr("-n", ctrNamespace, "run", "-d", "--config", filepath.Join(dir, "config.json"), id)
	log := logTo(t, cmd)
	host.Start(t, cmd)
	t.Cleanup(func() {
		killAll(processes(func(process int) bool { return isShim(process, id) || inHook.reached(dir, process) }))
	})
	host.WaitFor(t, 20*time.Second, "the hook of "+id, func() bool {
		return len(processes(func(process int) bool { return inHook.reached(dir, process) })) > 0
	}, func() string { return readFile(t, log) })
	return id
}

// isShim returns whether a process is the shim of a container. One whose containerd
// was killed in the middle of a start stays.
func isShim(process int, id string) bool {
	line, _ := os.ReadFile(procFile(process, "cmdline")) // the process may have exited
	return strings.Contains(string(line), "shim") && strings.Contains(string(line), "\x00"+id+"\x00")
}

// processes returns the processes of the host for which a function returns true.
func processes(is func(process int) bool) (all []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is valid
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && is(pid) {
			all = append(all, pid)
		}
	}
	return all
}

// restart starts the daemon again, in the same directories.
func (c *containerd) restart(t *testing.T) {
	t.Helper()
	cmd := c.command("containerd", "--config", filepath.Join(c.dir, "config.toml"), "--address", c.socket(),
		"--root", filepath.Join(c.dir, "root"), "--state", filepath.Join(c.dir, "state"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
	var err error
	if c.Process, err = host.Launch(cmd); err != nil {
		t.Fatalf("start containerd again: %v", err)
	}
	c.WaitFor(t, 30*time.Second, "containerd to answer again", func() bool { return c.ctr("version").Run() == nil })
}

// checkLater checks that starts are exact again.
func (c *containerd) checkLater(t *testing.T, s *server, w *watcher) {
	t.Helper()
	before := s.scrape(t)
	var ids []string
	for range 3 {
		ids = append(ids, c.runSleeping(t).id)
	}
	for _, r := range w.wait(t, ids...) {
		checkRecord(t, r)
		if r.Outcome != "started" || r.Engine != "containerd" {
			t.Errorf("%s of %s: %s", r.Outcome, r.Engine, r.Error)
		}
	}
	checkExactCount(t, s, w, before, nil, float64(len(ids)))
}
