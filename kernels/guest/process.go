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

// patience is how long anything here may take: much longer than it does where
// the processor is emulated.
const patience = 2 * time.Minute

// execute runs a program to its end and gives its standard output. Both of its
// outputs are files, which do not hold it up when what it leaves behind, a
// container say, keeps them open.
func execute(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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
	said, err := os.ReadFile(stderr.Name())
	if err != nil {
		return "", err
	}
	if failure != nil {
		return string(out), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), failure, bytes.TrimSpace(said))
	}
	return string(out), nil
}

// daemon is a program that runs beside the checks and writes to a log.
type daemon struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
}

// startDaemon starts one; stdout may be nil, and then goes to the log too.
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

// said is what is in the log.
func (d *daemon) said() string {
	content, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// waitFor waits until a daemon is as far as the condition says.
func (d *daemon) waitFor(what string, condition func() bool) error {
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-d.exited:
			return fmt.Errorf("%v ended before %s:\n%s", d.cmd.Args, what, d.said())
		case <-deadline:
			return fmt.Errorf("no %s of %v:\n%s", what, d.cmd.Args, d.said())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
