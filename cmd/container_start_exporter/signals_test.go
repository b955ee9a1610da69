package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestEarlySignalIsForwarded sends a signal before the command's process is known:
// the command gets it as soon as it is.
func TestEarlySignalIsForwarded(t *testing.T) {
	signals, stop := catchSignals()
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(signals) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the signal was not caught")
		}
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go forwardSignals(signals, cmd.Process)
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGHUP {
		t.Errorf("the command ended by %v", status.Signal())
	}
}
