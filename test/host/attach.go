package host

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Attach starts a subcommand of the exporter for one test, and waits until it
// reports that its probes are attached.
func Attach(t testing.TB, args ...string) *Process {
	t.Helper()
	return AttachCmd(t, exec.Command(Exporter(t), args...))
}

// AttachCmd is Attach with a command that executes the exporter.
func AttachCmd(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := Start(t, cmd)
	p.WaitFor(t, 30*time.Second, "a line beginning with attached", func() bool {
		return strings.Contains("\n"+p.Stderr.String(), "\nattached")
	})
	return p
}
