package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const childrenVariable = "ATTACK_CHILDREN"

func init() { roles["children"] = sleepingChildren }

// children executes a runtime with children that sleep. Its argument is their number;
// there are fewer if the kernel refuses them.
func children(args []string) (int, error) {
	if err := os.Setenv(childrenVariable, args[0]); err != nil {
		return 0, err
	}
	cmd := act(runtimeName, "children", createArgs(work, newID())...)
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	number := make([]byte, 32)
	length, err := read.Read(number)
	if err != nil {
		return 0, err
	}
	attacking()
	<-inputEnded()
	return strconv.Atoi(string(number[:length])) // the others end with this process, the first one
}

// sleepingChildren forks them, writes their number and sleeps as well.
func sleepingChildren() error {
	n, err := strconv.Atoi(os.Getenv(childrenVariable))
	if err != nil {
		return err
	}
	done := 0
	for ; done < n; done++ {
		if err := forkSleeping(); err != nil {
			fmt.Fprintf(os.Stderr, "child %d: %v\n", done, err)
			break
		}
	}
	fmt.Print(done)
	return sleep()
}

// forkSleeping forks a child that sleeps for ever. It has the memory of this process
// but only one of its threads: Go's runtime does not work there, system calls do.
func forkSleeping() error {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid != 0 {
		return nil
	}
	for {
		_, _, _ = syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}
