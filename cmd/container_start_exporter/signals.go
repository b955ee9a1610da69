package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwardSignals passes on to a command, once it runs, the signals that ask us
// to end: the command ends as it sees fit, and we report. What the terminal
// sends to its foreground process group the command has got already.
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

// fromTerminal tells whether the terminal sends such a signal to our process
// group: when that one is in its foreground.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // no terminal at all
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
