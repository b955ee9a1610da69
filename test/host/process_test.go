package host

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failing is a test that records how it fails.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *failing) Errorf(format string, args ...any) { f.message = fmt.Sprintf(format, args...) }

func (f *failing) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

// fails returns the message with which a function fails a test, or "" if it does
// not.
func fails(t *testing.T, function func(t testing.TB)) string {
	t.Helper()
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		function(f)
	}()
	<-done
	return f.message
}

func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }

func TestProcess(t *testing.T) {
	p := Start(t, shell("echo out; echo err >&2; read line"))
	if _, err := Launch(exec.Command("/no/such/program")); err == nil {
		t.Error("a program that does not exist is launched")
	}
	<-p.Exited // its standard input is empty
	if p.Running() || p.Stdout.String() != "out\n" || p.Stderr.String() != "err\n" || p.Cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("running %v: %q and %q, %v", p.Running(), p.Stdout.String(), p.Stderr.String(), p.Cmd.ProcessState)
	}
}

func TestProcessEnd(t *testing.T) {
	for script, code := range map[string]int{
		"trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done": 3,
		"trap '' TERM; echo ready; while :; do sleep 0.01; done":       -1, // killed
	} {
		p := Start(t, shell(script))
		p.WaitFor(t, 10*time.Second, "ready", func() bool { return p.Stdout.String() != "" })
		timeout := 10 * time.Second
		if code < 0 {
			timeout = 100 * time.Millisecond
		}
		err := p.End(syscall.SIGTERM, timeout)
		if (err != nil) != (code < 0) || p.Running() || p.Cmd.ProcessState.ExitCode() != code {
			t.Errorf("%s: %v, %v; want status %d", script, err, p.Cmd.ProcessState, code)
		}
	}
}

// TestCheckRaces ends programs with and without what the race detector prints.
func TestCheckRaces(t *testing.T) {
	for script, races := range map[string]bool{
		"echo 'WARNING: DATA RACE' >&2": true,
		"echo 'no race' >&2":            false,
		"exit 66":                       raceDetector,
	} {
		p, err := Launch(shell(script))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Exited
		if message := fails(t, p.CheckRaces); (message != "") != races {
			t.Errorf("%s: fails with %q", script, message)
		}
	}
}

func TestWaitFor(t *testing.T) {
	left := 3
	WaitFor(t, 10*time.Second, "three looks", func() bool { left--; return left == 0 }, nil)
	never := func() bool { return false }
	for name, tc := range map[string]struct {
		wait func(testing.TB)
		says string
	}{
		"deadline":  {func(t testing.TB) { WaitFor(t, 0, "nothing", never, func() string { return "because" }) }, "nothing\nbecause"},
		"no reason": {func(t testing.TB) { WaitFor(t, 0, "nothing", never, nil) }, "nothing"},
		"the program ends": {func(t testing.TB) {
			Start(t, shell("echo failed >&2")).WaitFor(t, time.Minute, "nothing", never)
		}, "nothing\nfailed"},
	} {
		if message := fails(t, tc.wait); !strings.Contains(message, tc.says) {
			t.Errorf("%s: %q; want %q", name, message, tc.says)
		}
	}
}
