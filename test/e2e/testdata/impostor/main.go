// Command impostor is what it is not. Copied to an engine's name, it has threads
// that enter a container's namespaces, and mount and listen there; copied to a
// runtime's, it exits like one that has created what it was asked for.
//
//	containerd PID   enters the namespaces of PID until its input ends
//	runc ...         exits with status 0
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// The main goroutine keeps the process's first thread, so that it is another
// one that intrudes.
func init() { runtime.LockOSThread() }

func main() {
	if filepath.Base(os.Args[0]) != "containerd" {
		return
	}
	if err := intrude(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// intrude lets a thread do its work in the namespaces, over and over, and says
// so once it has.
func intrude(pid string) error {
	id, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	fd, err := unix.PidfdOpen(id, 0)
	if err != nil {
		return fmt.Errorf("open process %d: %w", id, err)
	}
	entered, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with it
		entered <- enter(fd)
		for {
			select {
			case <-ended:
				return
			default:
				_ = once()
			}
		}
	}()
	if err := <-entered; err != nil {
		return err
	}
	fmt.Println("entered")
	_, err = io.Copy(io.Discard, os.Stdin)
	close(ended)
	return err
}

// enter brings this thread alone into the namespaces of a process.
func enter(pidfd int) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare the working directory: %w", err)
	}
	if err := unix.Setns(pidfd, unix.CLONE_NEWNS|unix.CLONE_NEWNET|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	return once()
}

// once mounts and listens, and undoes both.
func once() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	if err := unix.Mount("tmpfs", "/tmp", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return unix.Unmount("/tmp", unix.MNT_DETACH)
}
