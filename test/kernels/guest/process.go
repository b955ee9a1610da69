package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// timeout is how long any step may take: much longer than it does on an emulated
// CPU.
const timeout = 2 * time.Minute

// execute runs a program to its end and returns its standard output. Both of its
// outputs are files: with pipes, a process that it leaves behind, such as a
// container, would keep them open and so block the wait for the program.
func execute(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "execute-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, name, args...)
	stdout, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		return "", err
	}
	defer stdout.Close()
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return "", err
	}
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	failure := cmd.Run()
	out, err := os.ReadFile(stdout.Name())
	if err != nil {
		return "", err
	}
	errorText, err := os.ReadFile(stderr.Name())
	if err != nil {
		return "", err
	}
	if failure != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), failure, bytes.TrimSpace(errorText))
	}
	return string(out), nil
}

// daemon is a program that runs beside the checks and writes to a log.
type daemon struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// startDaemon starts a daemon. Its standard output goes to stdout, or to the log
// if stdout is nil.
func startDaemon(stdout io.Writer, name string, args ...string) (*daemon, error) {
	log, err := os.Create("/tmp/" + filepath.Base(name) + "-" + args[0] + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = stdout, log
	if stdout == nil {
		cmd.Stdout = log
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := &daemon{cmd, log.Name(), make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(d.exited)
	}()
	return d, nil
}

// logged returns the contents of the log.
func (d *daemon) logged() string {
	content, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// waitFor waits until the condition is true, as long as the daemon runs.
func (d *daemon) waitFor(what string, condition func() bool) error {
	deadline := time.After(timeout)
	for !condition() {
		select {
		case <-d.exited:
			return fmt.Errorf("%v exited before %s:\n%s", d.cmd.Args, what, d.logged())
		case <-deadline:
			return fmt.Errorf("no %s of %v:\n%s", what, d.cmd.Args, d.logged())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
