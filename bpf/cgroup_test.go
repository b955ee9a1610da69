package bpf

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

func init() { scenarios["cgroup_by_stranger"] = runCgroupByStranger }

const strangerVariable = "CSE_STRANGER"

// runCgroupByStranger forks a process and asks a stranger to move it.
func runCgroupByStranger(string) (results, error) {
	moved := exec.Command("/bin/cat")
	in, err := moved.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := moved.Start(); err != nil {
		return nil, err
	}
	err = askStranger(moved.Process.Pid)
	_ = in.Close()
	_ = moved.Wait()
	return results{"moved": uint32(moved.Process.Pid)}, err
}

func askStranger(pid int) error {
	c, err := net.Dial("unix", os.Getenv(strangerVariable))
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprintln(c, pid); err != nil {
		return err
	}
	reply, err := io.ReadAll(c)
	if err == nil && len(reply) > 0 {
		err = errors.New(string(reply))
	}
	return err
}

// moveFor moves the process that asks for it into a new cgroup, as systemd does for a
// runtime.
func moveFor(l net.Listener, dir string) (before, after int64, err error) {
	c, err := l.Accept()
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	var pid int
	err = inOrder(
		func() error { _, err := fmt.Fscanln(c, &pid); return err },
		func() error { before = bootNow(); err := os.Mkdir(dir, 0o755); after = bootNow(); return err },
		func() error { time.Sleep(5 * time.Millisecond); return nil }, // as systemd takes
		func() error { return os.WriteFile(dir+"/cgroup.procs", fmt.Append(nil, pid), 0o644) },
	)
	if err != nil {
		fmt.Fprint(c, err)
	}
	return before, after, err
}

// TestCgroupByStranger has a process that is not watched make a cgroup and move a process
// there that is: the move is reported, with when the cgroup was made.
func TestCgroupByStranger(t *testing.T) {
	if cgroup2() == "" {
		t.Skip("needs cgroup v2")
	}
	w := watch(t, "cse-cgroup")
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv(strangerVariable, socket)
	var before, after int64
	dir := fmt.Sprintf("%s/cse-stranger-%d", cgroup2(), os.Getpid())
	done := make(chan error)
	go func() { b, a, err := moveFor(l, dir); before, after = b, a; done <- err }()
	_, _, r := play(t, "cse-cgroup", "cgroup_by_stranger")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Error(err)
	}
	e := w.one(event.KindCgroupAttach, func(e *event.Event) bool { return e.Child == int(r["moved"]) })
	if e.PID != os.Getpid() || e.ChildStartTime == 0 || !strings.HasSuffix(e.Path, filepath.Base(dir)) || e.Nested != 0 {
		t.Errorf("%+v", e)
	}
	if e.Made < before || e.Made > after {
		t.Errorf("made at %d, not between %d and %d", e.Made, before, after)
	}
	for _, kind := range []event.Kind{event.KindCgroupMkdir, event.KindCgroupRmdir} {
		if own := w.seen(kind, byPID(os.Getpid())); len(own) > 0 {
			t.Errorf("%s by a stranger is reported: %+v", kind, own[0])
		}
	}
}
