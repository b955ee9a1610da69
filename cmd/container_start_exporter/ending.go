package main

import (
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ending is how a command ended, and how long it ran.
type ending struct {
	status syscall.WaitStatus
	took   time.Duration
}

// code returns the exit status that a shell would have.
func (e ending) code() int {
	if e.status.Signaled() {
		return statusSignal + int(e.status.Signal())
	}
	return e.status.ExitStatus()
}

// during returns how long the command ran and, unless it succeeded, how it ended:
// " in 0.4 s; docker exited with 125".
func (e ending) during(path string) string {
	text := fmt.Sprintf(" in %.1f s", e.took.Seconds())
	if e.took < 100*time.Millisecond {
		text = fmt.Sprintf(" in %d ms", e.took.Milliseconds())
	}
	switch name := filepath.Base(path); {
	case e.status.Signaled():
		text += fmt.Sprintf("; %s was killed by %s", name, unix.SignalName(e.status.Signal()))
	case e.status.ExitStatus() != 0:
		text += fmt.Sprintf("; %s exited with %d", name, e.status.ExitStatus())
	}
	return text
}
