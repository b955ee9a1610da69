package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwardSignals passes the signals that ask this process to end on to a command,
// once it runs: the command decides how to end, and run reports then. Signals that
// the terminal sends to its foreground process group reach the command without us.
func forwardSignals(cmd *exec.Cmd) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP)
	go func() {
		for s := range signals {
			if cmd.Process == nil || fromTerminal(s) {
				continue
			}
			_ = cmd.Process.Signal(s) // it may just have exited
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// fromTerminal returns whether the terminal sends such a signal to this process's
// group, which it does if the group is in the foreground.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // no controlling terminal
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
