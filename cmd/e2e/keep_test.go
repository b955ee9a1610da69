package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// keep records the events of a test into the directory that E2E_RECORD names,
// for a look at what a stack does, and for the recordings that are replayed.
// It is seen from the network namespace of a neighbour.
func keep(t *testing.T, name string, neighbour int) {
	t.Helper()
	dir := os.Getenv("E2E_RECORD")
	if dir == "" {
		return
	}
	p := attachedBeside(t, neighbour, "events", "--format", "json")
	t.Cleanup(func() {
		if err := p.end(os.Interrupt, 10*time.Second); err != nil {
			t.Error(err)
		}
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".jsonl")
		if err := os.WriteFile(path, []byte(p.stdout.String()), 0o644); err != nil {
			t.Error(err)
		}
	})
}

// attachedBeside starts a subcommand in the network namespace of a process: the
// exporter hears of links where it is, as on a host where all are in the first.
func attachedBeside(t *testing.T, neighbour int, args ...string) *process {
	t.Helper()
	words := []string{"-t", strconv.Itoa(neighbour), "--net", "--"}
	p := startCmd(t, exec.Command("nsenter", append(words, tool(t, args...).Args...)...))
	waitFor(t, 30*time.Second, "a line beginning with attached", func() bool {
		return !p.running() || strings.Contains("\n"+p.stderr.String(), "\nattached")
	}, p.stderr.String)
	if !p.running() {
		t.Fatalf("%v ended\n%s", args, p.stderr.String())
	}
	return p
}

// watchBeside is watch in the network namespace of a process.
func watchBeside(t *testing.T, neighbour int) *watcher {
	t.Helper()
	return &watcher{attachedBeside(t, neighbour, "watch", "--format", "json")}
}
