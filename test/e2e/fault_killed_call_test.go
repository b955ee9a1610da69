package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// killedCall is a start of which strace kills a process in a system call, in a phase in
// which nothing holds a start.
type killedCall struct {
	phase string
	call  string // whose caller is killed before the kernel does it
	file  string // that the call is for, in the container's cgroups; empty if it is for any
}

// The runtime moves the first process of the container to the cgroup that it has made, and
// init leaves the host's mounts for those of the container.
var killedCalls = []killedCall{
	{phase: "cgroup", call: "write", file: "cgroup.procs"},
	{phase: "rootfs", call: "pivot_root"},
}

// TestFaultKilledCall kills the runtime or init in a call that belongs to one phase: each
// is one start, which failed in that phase.
func TestFaultKilledCall(t *testing.T) {
	strace := host.NeedProgram(t, "strace", "strace")
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s, w := serve(t), watch(t)
		before := s.scrape(t)
		failedIn := map[string]float64{}
		var ids []string
		for _, c := range killedCalls {
			failedIn[c.phase]++
			t.Run(c.phase, func(t *testing.T) { ids = append(ids, c.test(t, strace, r, w)) })
		}
		checkFailureCounts(t, s, before, r.name, failedIn)
		later, _ := r.run(t, "/bin/true")
		w.wait(t, append(ids, later)...) // for exactly one start of each
	})
}

// test starts a container below strace, checks that the start failed, and returns its id.
func (c killedCall) test(t *testing.T, strace string, r bareRuntime, w *watcher) (id string) {
	id = newID(t, r.name)
	dir := bundle(t, "/bin/true")
	cgroups := cgroupsOf(id)
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		spec["linux"].(map[string]any)["cgroupsPath"] = "/" + id
	})
	t.Cleanup(func() { // a runtime that is killed removes nothing
		runQuiet(t, r.cmd("delete", "--force", id))
		for _, cgroup := range cgroups {
			_ = unix.Rmdir(cgroup)
		}
	})
	words := []string{"-f", "-qq", "-o", "/dev/null", "-e", "inject=" + c.call + ":signal=SIGKILL"}
	for _, cgroup := range cgroups {
		if c.file != "" {
			words = append(words, "-P", filepath.Join(cgroup, c.file))
		}
	}
	cmd := exec.Command(strace, append(words, r.cmd("run", "--bundle", dir, id).Args...)...)
	logTo(t, cmd)
	if cmd.Run() == nil {
		t.Errorf("%v: nothing was killed", cmd.Args)
	}
	checkFailedFor(t, w, id, c.phase, []string{"runtime", "init", "killed"})
	return id
}

// cgroupsOf returns where a cgroup is in the hierarchies of both versions.
func cgroupsOf(name string) (paths []string) {
	mounts, _ := filepath.Glob("/sys/fs/cgroup/*") // the pattern is valid
	for _, hierarchy := range append(mounts, "/sys/fs/cgroup") {
		paths = append(paths, filepath.Join(hierarchy, name))
	}
	return paths
}
