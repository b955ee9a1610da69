package host

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// Execute runs cmd to its end, within a minute.
func Execute(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := Launch(cmd)
	if err != nil {
		t.Fatalf("run %v: %v", cmd.Args, err)
	}
	select {
	case <-p.Exited:
	case <-time.After(time.Minute):
		_ = p.End(os.Interrupt, 5*time.Second)
		t.Fatalf("%v did not end within a minute\n%s", cmd.Args, p.Stderr.String())
	}
	p.CheckRaces(t)
	return p
}

// Must runs a command that has to succeed and returns its standard output.
func Must(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	p := Execute(t, cmd)
	if code := p.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", cmd.Args, code, p.Stdout.String(), p.Stderr.String())
	}
	return p.Stdout.String()
}
