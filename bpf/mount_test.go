package bpf

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() {
	scenarios["mount"] = runMount
	scenarios["newmount"] = runNewMount
	scenarios["pivot"] = runPivot
}

func runMount(dir string) (results, error) {
	at, sub, ns := dir+"/at", dir+"/at/sub", dir+"/ns"
	var fd int
	err := inOrder(
		privateMounts,
		func() error { return os.Mkdir(at, 0o755) },
		func() error { return os.WriteFile(ns, nil, 0o644) },
		func() error { return unix.Mount("source", at, "tmpfs", unix.MS_NOSUID, "size=64k") },
		func() error { return os.Mkdir(sub, 0o755) },
		func() (err error) { fd, err = unix.Open(sub, unix.O_PATH, 0); return },
		func() error { return unix.Mount("by-fd", fmt.Sprintf("/proc/self/fd/%d", fd), "tmpfs", 0, "") },
		func() error {
			return unix.Mount("by-pid", fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), "tmpfs", 0, "")
		},
		func() error { return os.Chdir(at) },
		func() error { return unix.Mount("relative", "sub", "tmpfs", 0, "") },
		func() error { return unix.Mount("/proc/thread-self/ns/net", ns, "", unix.MS_BIND, "") },
		func() (err error) { fd, err = unix.Open("/proc/thread-self/ns/uts", unix.O_RDONLY, 0); return },
		func() error { return os.Chdir("/") },
		func() error { return unix.Unmount(ns, 0) },
		func() error { return unix.Mount(fmt.Sprintf("/proc/self/fd/%d", fd), ns, "", unix.MS_BIND, "") },
		func() error { return unix.Unmount(at, unix.MNT_DETACH) },
	)
	_ = unix.Mount("fails", "/nonexistent", "tmpfs", 0, "")
	return results{"mnt": ownNS("mnt"), "net": ownNS("net"), "uts": ownNS("uts")}, err
}

func TestMount(t *testing.T) {
	w := watch(t, "cse-mount")
	pid, dir, r := play(t, "cse-mount", "mount")
	mount := func(source string) *event.Event {
		return w.one(event.KindMount, func(e *event.Event) bool { return e.PID == pid && e.Source == source })
	}
	e := mount("source")
	if e.Target != dir+"/at" || e.RealTarget != "" || e.FSType != "tmpfs" || e.Data != "size=64k" ||
		e.Flags != unix.MS_NOSUID || e.Ret != 0 || e.Duration <= 0 || e.MntNS != r["mnt"] {
		t.Errorf("%+v", e)
	}
	for _, source := range []string{"by-fd", "by-pid", "relative"} {
		if e := mount(source); e.RealTarget != dir+"/at/sub" {
			t.Errorf("%s: target %s is %q, want %s/at/sub", source, e.Target, e.RealTarget, dir)
		}
	}
	if e := mount("/proc/thread-self/ns/net"); e.SourceNS != r["net"] {
		t.Errorf("namespace of %s: %d, want %d", e.Source, e.SourceNS, r["net"])
	}
	uts := w.seen(event.KindMount, func(e *event.Event) bool { return e.PID == pid && e.SourceNS == r["uts"] })
	if len(uts) != 1 {
		t.Errorf("%d mounts of the uts namespace's descriptor, want 1", len(uts))
	}
	if e := mount("fails"); e.Ret != -int64(unix.ENOENT) {
		t.Errorf("failed mount returned %d", e.Ret)
	}
	w.one(event.KindUmount, func(e *event.Event) bool {
		return e.PID == pid && e.Target == dir+"/at" && e.Flags == unix.MNT_DETACH
	})
}

func runNewMount(dir string) (results, error) {
	var fs, mnt, at int
	err := inOrder(
		privateMounts,
		func() (err error) { fs, err = unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC); return },
		func() error { return unix.FsconfigSetString(fs, "size", "64k") },
		func() error { return unix.FsconfigCreate(fs) },
		func() (err error) { mnt, err = unix.Fsmount(fs, 0, unix.MOUNT_ATTR_NOSUID); return },
		func() (err error) { at, err = unix.Open(dir, unix.O_PATH, 0); return },
		func() error {
			err := unix.MountSetattr(mnt, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NODEV})
			if errors.Is(err, unix.ENOSYS) { // before 5.12
				return nil
			}
			return err
		},
		func() error {
			return unix.MoveMount(mnt, "", at, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
		},
		func() (err error) { _, err = unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE); return },
	)
	return nil, err
}

func TestNewMountAPI(t *testing.T) {
	w := watch(t, "cse-newmount")
	pid, dir, _ := play(t, "cse-newmount", "newmount")
	one := func(kind event.Kind) *event.Event { return w.one(kind, byPID(pid)) }

	if e := one(event.KindFsopen); e.FSType != "tmpfs" || e.Ret <= 0 {
		t.Errorf("%+v", e)
	}
	w.one(event.KindFsconfig, func(e *event.Event) bool {
		return e.PID == pid && e.Name == "size" && e.Data == "64k" && e.Flags == 1
	})
	if e := one(event.KindFsmount); e.Flags != unix.MOUNT_ATTR_NOSUID {
		t.Errorf("%+v", e)
	}
	if e := one(event.KindMoveMount); e.RealTarget != dir || e.FSType != "tmpfs" || e.Ret != 0 {
		t.Errorf("%+v", e)
	}
	// the mount is not attached anywhere yet
	if !w.attached("mount_setattr") {
		t.Log("this kernel has no mount_setattr")
	} else if e := one(event.KindMountSetattr); e.RealTarget != "" || e.Flags != unix.AT_EMPTY_PATH {
		t.Errorf("%+v", e)
	}
	if e := one(event.KindOpenTree); e.Target != dir || e.Ret <= 0 {
		t.Errorf("%+v", e)
	}
}

func runPivot(dir string) (results, error) {
	return nil, inOrder(
		privateMounts,
		func() error { return unix.Mount(dir, dir, "", unix.MS_BIND, "") },
		func() error { return os.Chdir(dir) },
		func() error { return unix.PivotRoot(".", ".") },
		func() error { return unix.Unmount(".", unix.MNT_DETACH) },
		func() error { return unix.Chroot(".") },
	)
}

func TestPivotRoot(t *testing.T) {
	w := watch(t, "cse-pivot")
	pid, dir, _ := play(t, "cse-pivot", "pivot")
	if e := w.one(event.KindPivotRoot, byPID(pid)); e.RealTarget != dir || e.Target != "." || e.Data != "." {
		t.Errorf("%+v, want the real target %s", e, dir)
	}
	if e := w.one(event.KindChroot, byPID(pid)); e.RealTarget != "/" || e.Target != "." {
		t.Errorf("%+v", e)
	}
}
