package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// byDescriptor returns a path to dir through /proc/self/fd, as runc writes the
// targets of its mounts.
func byDescriptor(dir string) (string, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	return fmt.Sprintf("/proc/self/fd/%d", fd), err
}

func prepareMount(dir string) (func() error, error) {
	at, err := byDescriptor(dir)
	return func() error {
		if err := unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=65536k"); err != nil {
			return err
		}
		return unix.Unmount(dir, unix.MNT_DETACH)
	}, err
}

// prepareBind bind-mounts a namespace, as engines do.
func prepareBind(dir string) (func() error, error) {
	at := filepath.Join(dir, "net")
	return func() error {
		if err := unix.Mount("/proc/thread-self/ns/net", at, "", unix.MS_BIND, ""); err != nil {
			return err
		}
		return unix.Unmount(at, unix.MNT_DETACH)
	}, os.WriteFile(at, nil, 0o644)
}

func prepareRemount(dir string) (func() error, error) {
	return func() error {
		return unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_NOSUID, "")
	}, unix.Mount("tmpfs", dir, "tmpfs", 0, "")
}

func prepareRemountByDescriptor(dir string) (func() error, error) {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		return nil, err
	}
	at, err := byDescriptor(dir)
	return func() error {
		return unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}, err
}

func prepareNewMount(dir string) (func() error, error) {
	return func() error {
		fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
		if err != nil {
			return err
		}
		defer unix.Close(fs)
		if err := unix.FsconfigSetString(fs, "size", "64k"); err != nil {
			return err
		}
		if err := unix.FsconfigCreate(fs); err != nil {
			return err
		}
		mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID)
		if err != nil {
			return err
		}
		defer unix.Close(mount)
		if err := unix.MoveMount(mount, "", unix.AT_FDCWD, dir, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return err
		}
		return unix.Unmount(dir, unix.MNT_DETACH)
	}, nil
}

// preparePivotRoot pivots to another root and back. It first makes a tmpfs the
// root: pivot_root cannot leave an initramfs.
func preparePivotRoot(dir string) (func() error, error) {
	other := filepath.Join(dir, "other")
	return func() error {
			if err := unix.PivotRoot("/other", "/other/old"); err != nil {
				return err
			}
			return unix.PivotRoot("/old", "/old/other")
		}, sequence(
			func() error { return unix.Mount("tmpfs", dir, "tmpfs", 0, "") },
			func() error { return os.Mkdir(other, 0o755) },
			func() error { return unix.Mount("tmpfs", other, "tmpfs", 0, "") },
			func() error { return os.Mkdir(other+"/old", 0o755) },
			func() error { return unix.Chroot(dir) },
			func() error { return unix.Chdir("/") },
		)
}
