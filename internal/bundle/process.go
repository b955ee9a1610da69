package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/internal/proc"
)

// process is the directory /proc/PID (proc.Open).
type process struct{ fd int }

// exited is a process that has exited.
var exited = process{-1}

// openProcess opens the directory of a process, which is identified by its pid and its
// start time (boot time, ns).
func openProcess(pid int, startTime int64) process {
	fd, err := proc.Open(pid, startTime)
	if err != nil {
		return exited
	}
	return process{fd}
}

func (p process) close() {
	if p != exited {
		_ = unix.Close(p.fd)
	}
}

// root opens the root directory.
func (p process) root() (root, error) {
	fd, err := p.open("root")
	return root{fd}, err
}

// mntNS returns the inode number of the mount namespace, 0 if the process has exited.
func (p process) mntNS() uint32 {
	var s unix.Stat_t
	if p == exited || unix.Fstatat(p.fd, "ns/mnt", &s, 0) != nil {
		return 0
	}
	return uint32(s.Ino)
}

// open opens the directory that a link of the process leads to.
func (p process) open(link string) (int, error) {
	if p == exited {
		return -1, proc.ErrExited
	}
	fd, err := unix.Openat(p.fd, link, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT || err == unix.ESRCH {
		return -1, proc.ErrExited
	}
	return fd, os.NewSyscallError("openat", err)
}

// workingDirectory returns the path of the working directory in the root directory.
// It only reads names, and never waits for a file system.
func (p process) workingDirectory() (string, error) {
	root, err := p.readlink("root")
	if err != nil {
		return "", err
	}
	dir, err := p.readlink("cwd")
	if err != nil {
		return "", err
	}
	path, err := filepath.Rel(root, dir)
	if err != nil || path == ".." || strings.HasPrefix(path, "../") {
		return "", fmt.Errorf("the working directory %s is not below the root directory", dir)
	}
	return filepath.Join("/", path), nil
}

func (p process) readlink(link string) (string, error) {
	if p == exited {
		return "", proc.ErrExited
	}
	var name [maxPath]byte
	n, err := unix.Readlinkat(p.fd, link, name[:])
	if err != nil {
		return "", os.NewSyscallError("readlinkat", err)
	}
	return string(name[:n]), nil
}

// rootOf opens the root directory, in which a path was that of the working directory.
// It returns an error if the path leads to another directory by now: that one was
// removed, or a file system is mounted over it.
func (p process) rootOf(workingDirectory string) (root, error) {
	dir, err := p.open("cwd")
	if err != nil {
		return root{}, err
	}
	defer unix.Close(dir)
	r, err := p.root()
	if err != nil {
		return root{}, err
	}
	if err := r.leadsTo(workingDirectory, dir); err != nil {
		r.close()
		return root{}, err
	}
	return r, nil
}

// leadsTo returns an error if a path does not lead to the directory.
func (r root) leadsTo(path string, dir int) error {
	found, err := r.resolve(path)
	if err != nil {
		return err
	}
	defer unix.Close(found)
	var a, b unix.Stat_t
	if err := errors.Join(unix.Fstat(found, &a), unix.Fstat(dir, &b)); err != nil {
		return err
	}
	if a.Dev != b.Dev || a.Ino != b.Ino {
		return fmt.Errorf("%s is another directory by now", path)
	}
	return nil
}
