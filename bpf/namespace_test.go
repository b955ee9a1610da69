package bpf

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() {
	scenarios["setns"] = runSetns
}

// TestUnshareByThread creates namespaces in a thread of this process: they are
// reported although the process is not watched.
func TestUnshareByThread(t *testing.T) {
	w := watch(t, "")
	type created struct {
		tid      int
		net, uts uint32
		err      error
	}
	result := make(chan created)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends
		err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWUTS)
		result <- created{unix.Gettid(), ownNS("net"), ownNS("uts"), err}
	}()
	c := <-result
	if c.err != nil {
		t.Fatal(c.err)
	}
	e := w.one(event.KindUnshare, byPID(os.Getpid()))
	if e.TID != c.tid && c.tid != os.Getpid() {
		t.Errorf("tid %d, want %d", e.TID, c.tid)
	}
	if e.Flags != unix.CLONE_NEWNET|unix.CLONE_NEWUTS || e.Ret != 0 || e.Duration <= 0 {
		t.Errorf("%+v", e)
	}
	w.checkNetns(e)
	if e.Namespaces.Net != c.net || e.Namespaces.UTS != c.uts || e.NetNS != c.net ||
		e.Namespaces.IPC != inode(t, "/proc/self/ns/ipc") {
		t.Errorf("%+v", e.Namespaces)
	}
}

// cloneWithNamespaces creates a process in a new network namespace by clone or
// clone3. The process ends at once.
func cloneWithNamespaces(call string) error {
	var pid uintptr
	var errno syscall.Errno
	switch call {
	case "clone":
		pid, _, errno = syscall.RawSyscall(syscall.SYS_CLONE, unix.CLONE_NEWNET|uintptr(syscall.SIGCHLD), 0, 0)
	default:
		args := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }{
			flags: unix.CLONE_NEWNET, exitSignal: uint64(syscall.SIGCHLD)}
		pid, _, errno = syscall.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	}
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
	}
	_, err := syscall.Wait4(int(pid), nil, 0, nil)
	return err
}

// checkNetns checks the time in which the network namespace was created: it is
// within the call, and only probes of kernel functions report it.
func (w *watcher) checkNetns(e *event.Event) {
	w.t.Helper()
	if !w.usesFunctions() {
		if e.NetnsDuration != 0 {
			w.t.Errorf("%+v", e)
		}
		return
	}
	if e.NetnsDuration <= 0 || e.NetnsBegan < e.Began() || e.NetnsBegan+e.NetnsDuration > e.Time {
		w.t.Errorf("network namespace: %d ns from %d, call: %d ns from %d",
			e.NetnsDuration, e.NetnsBegan, e.Duration, e.Began())
	}
}

func TestCloneWithNamespaces(t *testing.T) {
	w := watch(t, "")
	cmd := exec.Command("/bin/cat")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	in, _ := cmd.StdinPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	proc := "/proc/" + strconv.Itoa(cmd.Process.Pid) + "/ns/"
	net, pid := inode(t, proc+"net"), inode(t, proc+"pid")
	in.Close()
	_ = cmd.Wait()
	e := w.one(event.KindFork, func(e *event.Event) bool { return e.Child == cmd.Process.Pid })
	if e.Namespaces == nil || e.Namespaces.Net != net || e.Namespaces.PID != pid {
		t.Errorf("%+v, want net %d, pid %d", e.Namespaces, net, pid)
	}
	if e.PID != os.Getpid() || e.Parent != os.Getpid() || e.Duration <= 0 || e.Flags&syscall.CLONE_NEWNET == 0 {
		t.Errorf("%+v", e)
	}
	w.checkNetns(e)
}

func runSetns(string) (results, error) {
	before := ownNS("uts")
	var fd int
	err := inOrder(
		func() (err error) { fd, err = unix.Open("/proc/thread-self/ns/uts", unix.O_RDONLY, 0); return },
		func() error { return unix.Unshare(unix.CLONE_NEWUTS) },
		func() error { return unix.Setns(fd, unix.CLONE_NEWUTS) },
	)
	return results{"uts": before}, err
}

func TestSetns(t *testing.T) {
	w := watch(t, "cse-setns")
	pid, _, r := play(t, "cse-setns", "setns")
	if e := w.one(event.KindSetns, byPID(pid)); e.Flags != unix.CLONE_NEWUTS || e.Namespaces.UTS != r["uts"] {
		t.Errorf("%+v %+v", e, e.Namespaces)
	}
	if e := w.one(event.KindUnshare, byPID(pid)); e.Namespaces.UTS == r["uts"] {
		t.Errorf("%+v %+v", e, e.Namespaces)
	}
}
