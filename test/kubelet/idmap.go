package kubelet

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// idMapped returns nil if the ids of a mount of a directory's file system can be mapped, as
// the volumes of a pod with a user namespace are.
func idMapped(dir string) error {
	mapping := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 65536, Size: 65536}}
	user := exec.Command("sleep", "60")
	user.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: mapping, GidMappings: mapping, Pdeathsig: syscall.SIGKILL}
	if err := user.Start(); err != nil {
		return err
	}
	defer func() {
		_ = user.Process.Kill()
		_ = user.Wait()
	}()
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", user.Process.Pid))
	if err != nil {
		return err
	}
	defer namespace.Close()
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	return unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(namespace.Fd())})
}
