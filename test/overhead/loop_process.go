package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// prepareExec executes a program that only exits, and waits for it. Go creates
// the child with CLONE_VFORK, as posix_spawn does.
func prepareExec(dir string) (func() error, error) {
	path := filepath.Join(dir, "nothing")
	args, attr := []string{"nothing"}, &syscall.ProcAttr{}
	return func() error {
		pid, err := syscall.ForkExec(path, args, attr)
		if err != nil {
			return err
		}
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			return err
		}
		if status != 0 {
			return fmt.Errorf("%s: status %#x", path, status)
		}
		return nil
	}, os.WriteFile(path, exitProgram(), 0o755)
}

// prepareFailedExec forks a child whose exec fails, and which exits.
func prepareFailedExec(dir string) (func() error, error) {
	path, args, attr := filepath.Join(dir, "nonexistent"), []string{"nonexistent"}, &syscall.ProcAttr{}
	return func() error {
		if _, err := syscall.ForkExec(path, args, attr); err != syscall.ENOENT {
			return fmt.Errorf("execute %s: %w, want ENOENT", path, err)
		}
		return nil
	}, nil
}

func prepareRename(string) (func() error, error) {
	name := []byte("renamed\x00")
	return func() error { return unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0) }, nil
}

func prepareUnshare(string) (func() error, error) {
	return func() error { return unix.Unshare(unix.CLONE_NEWUTS) }, nil
}

func prepareSetns(string) (func() error, error) {
	fd, err := unix.Open("/proc/thread-self/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return func() error { return unix.Setns(fd, unix.CLONE_NEWUTS) }, err
}

// prepareCgroup creates a cgroup, moves the process into it and back, and
// removes it.
func prepareCgroup(dir string) (func() error, error) {
	cgroup := filepath.Join(dir, fmt.Sprintf("overhead-%d", os.Getpid()))
	moveTo := func(dir string) func() error {
		return func() error { return os.WriteFile(dir+"/cgroup.procs", []byte("0"), 0) }
	}
	return func() error {
		return sequence(
			func() error { return unix.Mkdir(cgroup, 0o755) },
			moveTo(cgroup),
			moveTo(dir),
			func() error { return unix.Rmdir(cgroup) },
		)
	}, unix.Mount("cgroup", dir, "cgroup2", 0, "")
}

// prepareGetppid makes one of the cheapest system calls.
func prepareGetppid(string) (func() error, error) {
	return func() error {
		unix.Getppid()
		return nil
	}, nil
}
