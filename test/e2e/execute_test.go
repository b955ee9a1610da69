package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

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
	return resultOf(host.Execute(t, cmd))
}

// resultOf returns how a program ended, which has exited.
func resultOf(p *host.Process) result {
	return result{p.Stdout.String(), p.Stderr.String(), p.Cmd.ProcessState.ExitCode()}
}

// number returns the number that a text is, but for white space around it.
func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// must runs a command that has to succeed and returns its standard output.
func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	return host.Must(t, cmd)
}
