package bpf

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() { scenarios["mntns"] = runMntns }

// Linux 7.0 and 7.1, include/uapi/linux/mount.h and sched.h.
const (
	openTreeNamespace = 1 << 1
	fsmountNamespace  = 1 << 1
	unshareEmptyMntNS = 0x00100000
	cloneEmptyMntNS   = 1 << 37
)

// runMntns creates mount namespaces by every call that can, without CLONE_NEWNS. Its
// results are 1 for each call that the kernel supports, and its last namespace.
func runMntns(string) (results, error) {
	proc, err := unix.Open("/proc", unix.O_DIRECTORY, 0) // an empty namespace has no /proc
	if err != nil {
		return nil, err
	}
	r := results{}
	did := func(name string, errno syscall.Errno) {
		if errno == 0 {
			r[name] = 1
		}
	}
	root := []byte("/tmp\x00")
	at := uintptr(unsafe.Pointer(&root[0]))
	cwd := ^uintptr(-unix.AT_FDCWD - 1)
	_, _, errno := unix.Syscall(unix.SYS_OPEN_TREE, cwd, at, openTreeNamespace)
	did("open_tree", errno)
	var attr unix.MountAttr
	_, _, errno = unix.Syscall6(unix.SYS_OPEN_TREE_ATTR, cwd, at, openTreeNamespace,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	did("open_tree_attr", errno)
	runtime.KeepAlive(root)

	fs, err := unix.Fsopen("tmpfs", 0)
	if err != nil {
		return nil, err
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return nil, err
	}
	_, _, errno = unix.Syscall(unix.SYS_FSMOUNT, uintptr(fs), fsmountNamespace, 0)
	did("fsmount", errno)

	did("clone3", cloneEmpty())
	if unix.Unshare(unshareEmptyMntNS) == nil {
		r["unshare"] = 1
	}
	var st unix.Stat_t
	err = unix.Fstatat(proc, "thread-self/ns/mnt", &st, 0)
	r["mnt"] = uint32(st.Ino)
	return r, err
}

// cloneEmpty creates a process in a mount namespace that contains only its root.
// The process ends at once.
func cloneEmpty() syscall.Errno {
	args := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }{
		flags: cloneEmptyMntNS, exitSignal: uint64(syscall.SIGCHLD)}
	pid, _, errno := syscall.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
	}
	_, _ = syscall.Wait4(int(pid), nil, 0, nil)
	return 0
}

// TestNewMountNamespaces creates mount namespaces in an unwatched process, by
// the calls that Linux 7 has for it: each is reported.
func TestNewMountNamespaces(t *testing.T) {
	w := watch(t, "")
	pid, _, r := play(t, "cse-unwatched", "mntns")
	if major, minor := release(t); major > 7 || major == 7 && minor >= 1 {
		for _, call := range []string{"open_tree", "open_tree_attr", "fsmount", "clone3", "unshare"} {
			if r[call] != 1 {
				t.Errorf("%s creates no namespace, although this kernel should support it", call)
			}
		}
	}
	created := func(kind event.Kind, is func(*event.Event) bool) uint32 {
		return uint32(len(w.seen(kind, func(e *event.Event) bool { return e.PID == pid && e.Ret >= 0 && is(e) })))
	}
	newMntNS := func(e *event.Event) bool { return e.NewMntNS && e.Duration > 0 }
	if got, want := created(event.KindOpenTree, newMntNS), r["open_tree"]+r["open_tree_attr"]; got != want {
		t.Errorf("%d by open_tree, want %d", got, want)
	}
	if got, want := created(event.KindFsmount, newMntNS), r["fsmount"]; got != want {
		t.Errorf("%d by fsmount, want %d", got, want)
	}
	empty := func(e *event.Event) bool { return e.Flags&unix.CLONE_NEWNS != 0 && e.Namespaces.Mnt != 0 }
	if got, want := created(event.KindFork, empty), r["clone3"]; got != want {
		t.Errorf("%d by clone3, want %d", got, want)
	}
	inIt := func(e *event.Event) bool { return empty(e) && e.Namespaces.Mnt == r["mnt"] }
	if got, want := created(event.KindUnshare, inIt), r["unshare"]; got != want {
		t.Errorf("%d by unshare, want %d", got, want)
	}
}

// release returns the version of the kernel, such as 6 and 12.
func release(t *testing.T) (major, minor int) {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(text), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major, minor
}
