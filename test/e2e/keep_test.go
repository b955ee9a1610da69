package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// recordEvents records the events of a test in the directory E2E_RECORD, if that
// is set: to see what a stack does, and for the recordings that are replayed. The
// recorder runs in the network namespace of process pid.
func recordEvents(t *testing.T, name string, pid int) {
	t.Helper()
	dir := os.Getenv("E2E_RECORD")
	if dir == "" {
		return
	}
	p := attachInNetns(t, pid, "events", "--format", "json")
	t.Cleanup(func() {
		if err := p.End(os.Interrupt, 10*time.Second); err != nil {
			t.Error(err)
		}
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".jsonl")
		if err := os.WriteFile(path, []byte(p.Stdout.String()), 0o644); err != nil {
			t.Error(err)
		}
	})
}

// attachInNetns is attach in the network namespace of a process: the exporter
// receives link messages of its own namespace only, and is in the engine's here,
// as on a host where both are in the first one.
func attachInNetns(t *testing.T, pid int, args ...string) *host.Process {
	t.Helper()
	words := []string{"-t", strconv.Itoa(pid), "--net", "--"}
	return host.AttachCmd(t, exec.Command("nsenter", append(words, exporterCmd(t, args...).Args...)...))
}

// watchInNetns is watch in the network namespace of a process.
func watchInNetns(t *testing.T, pid int) *watcher {
	t.Helper()
	return &watcher{attachInNetns(t, pid, "watch", "--format", "json")}
}
