package host

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program that runs beside the tests.
type Process struct {
	Cmd    *exec.Cmd
	Stdout Output        // empty if Cmd.Stdout was set
	Stderr Output        // empty if Cmd.Stderr was set
	Exited chan struct{} // closed once Cmd.ProcessState is set
}

// Output is what a program has written so far.
type Output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

// Write appends to the output; it never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(p)
}

// String returns what was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// Launch starts cmd. The program gets SIGTERM, or the command's own Pdeathsig, when
// the tests exit, however they do. The kernel sends that signal when the thread that forked exits, so that
// thread waits for the program.
func Launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, Exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.Stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.Stderr
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = cmp.Or(cmd.SysProcAttr.Pdeathsig, syscall.SIGTERM)
	cmd.SysProcAttr.Setpgid = true
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in cmd.ProcessState
			close(p.Exited)
		}
	}()
	return p, <-started
}

// Start launches cmd for one test, and interrupts it at the end of the test. The test
// fails if the race detector found a data race in the program.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := Launch(cmd)
	if err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	t.Cleanup(func() {
		_ = p.End(os.Interrupt, 10*time.Second)
		p.CheckRaces(t)
	})
	return p
}

// End signals the program and waits until it has exited. If that takes longer than
// timeout, it kills the program and returns an error.
func (p *Process) End(sig os.Signal, timeout time.Duration) error {
	_ = p.Cmd.Process.Signal(sig) // fails if it has exited, which the wait shows
	select {
	case <-p.Exited:
		return nil
	case <-time.After(timeout):
		_ = p.Cmd.Process.Kill()
		<-p.Exited
		return fmt.Errorf("%s did not end within %v of %v", p.Cmd.Args[0], timeout, sig)
	}
}

// CheckRaces fails the test if the race detector found a data race in the program,
// which has exited.
func (p *Process) CheckRaces(t testing.TB) {
	t.Helper()
	CheckRaces(t, p.Cmd, p.Stderr.String())
}

// Running returns whether the program has not exited yet.
func (p *Process) Running() bool {
	select {
	case <-p.Exited:
		return false
	default:
		return true
	}
}

// WaitFor waits like the function WaitFor, and fails the test at once if the
// program exits before the condition is true. It explains either with the
// program's standard error.
func (p *Process) WaitFor(t testing.TB, timeout time.Duration, what string, condition func() bool) {
	t.Helper()
	WaitFor(t, timeout, what, func() bool {
		if !p.Running() {
			t.Fatalf("%v ended before %s\n%s", p.Cmd.Args, what, p.Stderr.String())
		}
		return condition()
	}, p.Stderr.String)
}
