package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs beside the tests.
type process struct {
	cmd    *exec.Cmd
	stdout output
	stderr output
	exited chan struct{}
}

// output is what a program has written so far.
type output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// launch starts cmd. The program gets SIGTERM when the tests exit, however they
// do. The kernel sends that signal when the thread that forked exits, so that
// thread waits for the program.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.stderr
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig, cmd.SysProcAttr.Setpgid = syscall.SIGTERM, true
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in cmd.ProcessState
			close(p.exited)
		}
	}()
	return p, <-started
}

// start launches a program for one test, and interrupts it at the end of the test.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return startCmd(t, exec.Command(name, args...))
}

func startCmd(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p, err := launch(cmd)
	if err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	t.Cleanup(func() { _ = p.end(os.Interrupt, 10*time.Second) })
	return p
}

// end signals the program and waits until it has exited; it kills the program if
// that takes longer than timeout.
func (p *process) end(sig os.Signal, timeout time.Duration) error {
	_ = p.cmd.Process.Signal(sig) // fails if it has exited, which the wait shows
	select {
	case <-p.exited:
		return nil
	case <-time.After(timeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s did not end within %v of %v", p.cmd.Args[0], timeout, sig)
	}
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// result is how a command ended.
type result struct {
	stdout, stderr string
	code           int
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\nstdout:\n%s\nstderr:\n%s", r.code, r.stdout, r.stderr)
}

// execute runs cmd to its end, within a minute.
func execute(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	p, err := launch(cmd)
	if err != nil {
		t.Fatalf("run %v: %v", cmd.Args, err)
	}
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		_ = p.end(os.Interrupt, 5*time.Second)
		t.Fatalf("%v did not end within a minute\n%s", cmd.Args, p.stderr.String())
	}
	return result{p.stdout.String(), p.stderr.String(), p.cmd.ProcessState.ExitCode()}
}

// must runs a command that has to succeed and returns its standard output.
func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	r := execute(t, cmd)
	if r.code != 0 {
		t.Fatalf("%v: %v", cmd.Args, r)
	}
	return r.stdout
}
