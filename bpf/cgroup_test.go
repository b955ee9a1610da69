package bpf

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
)

func init() { scenarios["cgroup"] = runCgroup }

// cgroup2 returns the mount point of cgroup v2, empty if it is not mounted.
func cgroup2() string {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	return ""
}

func runCgroup(string) (results, error) {
	dir := fmt.Sprintf("%s/cse-%d", cgroup2(), os.Getpid())
	moved := exec.Command("/bin/cat")
	in, err := moved.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := moved.Start(); err != nil {
		return nil, err
	}
	err = inOrder(
		func() error { return os.Mkdir(dir, 0o755) },
		func() error { return os.WriteFile(dir+"/cgroup.procs", fmt.Append(nil, moved.Process.Pid), 0o644) },
	)
	_ = in.Close()
	_ = moved.Wait()
	if err == nil {
		err = os.Remove(dir)
	}
	return results{"moved": uint32(moved.Process.Pid)}, err
}

func TestCgroup(t *testing.T) {
	if cgroup2() == "" {
		t.Skip("needs cgroup v2")
	}
	w := watch(t, "cse-cgroup")
	pid, _, r := play(t, "cse-cgroup", "cgroup")
	path := fmt.Sprintf("/cse-%d", pid)
	for _, kind := range []event.Kind{event.KindCgroupMkdir, event.KindCgroupAttach, event.KindCgroupRmdir} {
		e := w.one(kind, byPID(pid))
		if !strings.HasSuffix(e.Path, path) || e.Hierarchy != 0 {
			t.Errorf("%+v", e)
		}
		if kind == event.KindCgroupAttach && (e.Child != int(r["moved"]) || e.ChildStartTime == 0) {
			t.Errorf("%+v, want the child %d", e, r["moved"])
		}
	}
}
