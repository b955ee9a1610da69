package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// catchSignals catches the signals that ask this process to end, from before the
// command runs: run then ends as the command does.
func catchSignals() (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP)
	return signals, func() {
		signal.Stop(signals)
		close(signals)
	}
}

// forwardSignals passes signals on to a command that runs: it decides how to end.
// Those that the terminal sends to its foreground process group reach the command
// without us.
func forwardSignals(signals <-chan os.Signal, command *os.Process) {
	for s := range signals {
		if !fromTerminal(s) {
			_ = command.Signal(s) // it may just have exited
		}
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
