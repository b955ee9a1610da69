package bpf

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

func TestProcess(t *testing.T) {
	w := watch(t, "cse-process")
	sh := copyProgram(t, "/bin/dash", "cse-process")
	cmd := exec.Command(sh, "-c", "/bin/echo hi; /nonexistent/program; exit 7")
	cmd.Env = []string{"SECRET=1", "CNI_COMMAND=ADD", "PATH=/bin", "TRACEPARENT=00-x"}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid

	e := w.one(event.KindExec, byPID(pid))
	if e.File != sh || !slices.Equal(e.Args, cmd.Args) || e.Ret != 0 || e.Comm != "cse-process" {
		t.Errorf("exec: %+v", e)
	}
	if !slices.Equal(e.Env, []string{"CNI_COMMAND=ADD", "TRACEPARENT=00-x"}) {
		t.Errorf("environment: %q", e.Env)
	}
	if e.MntNS != inode(t, "/proc/self/ns/mnt") || e.NetNS != inode(t, "/proc/self/ns/net") {
		t.Errorf("namespaces: mnt %d, net %d", e.MntNS, e.NetNS)
	}
	if e := w.one(event.KindExit, byPID(pid)); e.Status != 7<<8 {
		t.Errorf("status %#x, want 7<<8", e.Status)
	}
	for _, f := range w.seen(event.KindFork, byPID(pid)) {
		if f.Parent != pid || f.StartTime != e.StartTime || f.ChildStartTime <= e.StartTime || f.ChildStartTime > f.Time {
			t.Errorf("fork: %+v", f)
		}
	}
	echo := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/echo" })
	w.one(event.KindFork, func(e *event.Event) bool {
		return e.PID == pid && e.Child == echo.PID && e.ChildStartTime == echo.StartTime
	})
	failed := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/nonexistent/program" })
	if failed.Ret != -2 || failed.Args != nil {
		t.Errorf("failed exec: %+v", failed)
	}
	w.one(event.KindExit, byPID(failed.PID))
}

func TestSignalled(t *testing.T) {
	w := watch(t, "cse-signalled")
	sh := copyProgram(t, "/bin/dash", "cse-signalled")
	cmd := exec.Command(sh, "-c", "kill -9 $$")
	_ = cmd.Run()
	if e := w.one(event.KindExit, byPID(cmd.Process.Pid)); e.Status != 9 {
		t.Errorf("status %#x, want 9", e.Status)
	}
}

func TestUnwatchedIsNotReported(t *testing.T) {
	w := watch(t, "cse-other")
	sh := copyProgram(t, "/bin/dash", "cse-unwatched")
	cmd := exec.Command(sh, "-c", "/bin/true; /nonexistent; unshare -m mount -t tmpfs none /mnt; exit 0")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	any := func(*event.Event) bool { return true }
	for _, kind := range []event.Kind{event.KindExec, event.KindExit, event.KindMount} {
		for _, e := range w.seen(kind, any) {
			t.Errorf("%+v", e)
		}
	}
	for _, e := range w.seen(event.KindFork, byPID(cmd.Process.Pid)) {
		t.Errorf("%+v", e)
	}
	// but new namespaces are reported for the whole host
	if len(w.seen(event.KindUnshare, func(e *event.Event) bool { return e.Comm == "unshare" })) == 0 {
		t.Error("unshare by an unwatched process is not reported")
	}
}

func TestRunning(t *testing.T) {
	needRoot(t)
	sh := copyProgram(t, "/bin/dash", "cse-running")
	cmd := exec.Command(sh, "-c", "echo; read line; /bin/true; exit 3")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = bufio.NewReader(out).ReadString('\n') // until it is executed, not only forked
	w := watchAlone(t, Options{Names: []string{"cse-running"}})
	e := w.one(event.KindProcess, byPID(cmd.Process.Pid))
	if e.File != sh || !slices.Equal(e.Args, cmd.Args) {
		t.Errorf("process: %+v", e)
	}
	checkRunning(t, e)
	in.Close()
	_ = cmd.Wait()
	exit := w.one(event.KindExit, byPID(cmd.Process.Pid))
	if exit.Status != 3<<8 || exit.StartTime != e.StartTime {
		t.Errorf("exit: %+v", exit)
	}
	w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/true" && e.PID != 0 })
}

// checkRunning checks what is reported of a process of this test that runs already: its
// parent, and its namespaces, which are those of the test.
func checkRunning(t *testing.T, e *event.Event) {
	t.Helper()
	if e.Parent != os.Getpid() {
		t.Errorf("forked by %d; want %d", e.Parent, os.Getpid())
	}
	if e.Namespaces == nil || e.Namespaces.Net != inode(t, "/proc/self/ns/net") ||
		e.Namespaces.User != inode(t, "/proc/self/ns/user") || e.Namespaces.UTS != inode(t, "/proc/self/ns/uts") {
		t.Errorf("namespaces: %+v", e.Namespaces)
	}
}
