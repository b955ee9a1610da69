package bpf

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// nodeVariable is set in the process that is in a node.
const nodeVariable = "CSE_NODE"

// TestNode opens the probes in a pid namespace that has a /proc of its own, as in a node
// that is a container (kind, k3d, minikube). What is executed in there, or in a container
// there, is reported by the pids of that /proc. What is executed outside or in another
// node is not, but counted.
func TestNode(t *testing.T) {
	needRoot(t)
	if os.Getenv(nodeVariable) != "" {
		inNode(t)
		return
	}
	startSleep(t) // an engine outside, older than the exporter
	node, stdin, stdout := startNode(t, "^TestNode$")
	if line, err := stdout.ReadString('\n'); line != watching {
		rest, _ := io.ReadAll(stdout)
		_ = node.Wait()
		t.Fatalf("%v\n%s%s", err, line, rest)
	}
	playAs(t, "cse-origin", "nested", nil)         // outside
	playAs(t, "cse-origin", "nested", inContainer) // in a sibling
	stdin.Close()
	out, _ := io.ReadAll(stdout)
	if err := node.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// aboutProcesses are the tests of what processes do, and of all programs in a kernel.
const aboutProcesses = "^Test(EveryProgramLoads|EveryProbe.*|Cgroup.*|CostOfThreads|Netlink|Listen.*|NewMountNamespaces|Mount|NewMountAPI|PivotRoot|" +
	"UnshareByThread|CloneWithNamespaces|Setns|Origin|Quotas|Process|Signalled|UnwatchedIsNotReported|Runtime)$"

// TestInNode runs these tests in a node: the programs load, and all pids are those of
// the node's /proc.
func TestInNode(t *testing.T) {
	needRoot(t)
	if os.Getenv(nodeVariable) != "" {
		return
	}
	node, _, stdout := startNode(t, aboutProcesses)
	out, _ := io.ReadAll(stdout)
	if err := node.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// startNode starts the tests that match in a pid namespace with a /proc of its own.
func startNode(t *testing.T, run string) (node *exec.Cmd, stdin io.WriteCloser, stdout *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	node = exec.Command(self, "-mechanism="+*mechanism, "-test.run="+run)
	node.Env = append(os.Environ(), nodeVariable+"=1")
	node.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if stdin, err = node.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	pipe, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	node.Stderr = node.Stdout
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	return node, stdin, bufio.NewReader(pipe)
}

// mountProc mounts the node's own /proc, in the process that is its first.
func mountProc() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Mount("proc", "/proc", "proc", 0, "")
}

// watching is what the node writes once it is watching.
const watching = "watching\n"

// startSleep starts a program with a name that is watched, and ends it with the test.
func startSleep(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command(copyProgram(t, "/bin/sleep", "cse-other"), "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// inNode is the part of TestNode in the node.
func inNode(t *testing.T) {
	older := startSleep(t)
	w := watchAlone(t, Options{Names: []string{"cse-origin", "cse-other"}})
	found := w.one(event.KindProcess, func(*event.Event) bool { return true })
	if found.PID != older {
		t.Errorf("the process %d runs already; want %d", found.PID, older)
	}
	checkRunning(t, found)
	var known []int
	for _, attributes := range []*syscall.SysProcAttr{nil, inContainer} {
		state, _, r := playAs(t, "cse-origin", "nested", attributes)
		pid, origin := state.Pid(), r["origin"]
		if attributes == nil {
			origin = 0
		}
		e := w.one(event.KindExec, byPID(pid))
		child := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/true" && !slices.Contains(known, e.PID) })
		fork := w.one(event.KindFork, func(e *event.Event) bool { return e.Child == child.PID })
		if e.Nested != origin || child.Nested != origin || fork.PID != pid || fork.Parent != pid {
			t.Errorf("executed: %+v\nforked: %+v\nexecuted: %+v\nwant origin %d", e, fork, child, origin)
		}
		known = append(known, pid, child.PID)
	}

	_, _ = os.Stdout.WriteString(watching)
	_, _ = io.ReadAll(os.Stdin) // until the others have been executed
	for _, e := range w.seen(event.KindExec, func(e *event.Event) bool { return !slices.Contains(known, e.PID) }) {
		t.Errorf("of another node or the host: %+v", e)
	}
	outside := w.Stats().Outside
	if outside[event.KindExec] != 2 || outside[event.KindFork] == 0 {
		t.Errorf("%d programs were executed outside, %d namespaces made by forks; want 2, and 1 at least", outside[event.KindExec], outside[event.KindFork])
	}
	if lost := w.seenLost(); len(lost) != 0 {
		t.Errorf("lost: %v", lost)
	}
}
