package extend

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// init keeps the main goroutine on the main thread: that is the one whose name and
// namespaces are the process's.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	var err error
	switch {
	case filepath.Base(os.Args[0]) == shimName:
		err = shim(os.Args[2], os.Args[4])
	case filepath.Base(os.Args[0]) != runtimeName:
		os.Exit(m.Run())
	case os.Args[1] == "create":
		err = create(os.Args[3])
	case os.Args[1] == "init":
		err = initialize(os.Args[2])
	case os.Args[1] == "start":
		err = release(os.Args[2])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

// shim starts a container, as an engine's shim does: create, then start.
func shim(id, bundle string) error {
	fakeRun := filepath.Join(bundle, runtimeName)
	for _, args := range [][]string{{"create", "--bundle", bundle, id}, {"start", id}} {
		cmd := exec.Command(fakeRun, args...)
		cmd.Dir, cmd.Stderr = bundle, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	}
	return nil
}

// fifo is what holds the init back until start.
const fifo = "exec.fifo"

// create makes the init, and returns when it is ready to be started.
func create(bundle string) error {
	if err := unix.Mkfifo(filepath.Join(bundle, fifo), 0o600); err != nil {
		return err
	}
	ready, written, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0], "init", bundle)
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{written}
	if err := cmd.Start(); err != nil {
		return err
	}
	written.Close()
	if n, err := ready.Read(make([]byte, 1)); n != 1 {
		return errors.Join(errors.New("init is not ready"), err, cmd.Wait())
	}
	return nil
}

// initialize is the init: it makes the namespaces and the root, waits for start and
// executes the entrypoint.
func initialize(bundle string) error {
	wait, err := os.OpenFile(filepath.Join(bundle, fifo), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	rootfs := filepath.Join(bundle, "rootfs")
	for _, step := range []func() error{
		func() error { return rename(fakeRuntime.NamespacesComm) },
		func() error { return unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC) },
		func() error { return rename(fakeRuntime.InitComm) },
		func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") },
		func() error { return unix.Mount(rootfs, rootfs, "", unix.MS_BIND, "") },
		func() error { return unix.Chdir(rootfs) },
		func() error { return unix.PivotRoot(".", ".") },
		func() error { return unix.Unmount(".", unix.MNT_DETACH) },
		func() error { _, err := os.NewFile(3, "ready").Write([]byte{1}); return err },
		func() error { _, err := wait.Read(make([]byte, 1)); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return unix.Exec("/true", []string{"/true"}, nil)
}

func rename(comm string) error {
	name, err := unix.BytePtrFromString(comm)
	if err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
}

// release lets the init go on.
func release(string) error {
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write([]byte{1})
	return err
}
