package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// keep records the events of a test into the directory that E2E_RECORD names,
// for a look at what a stack does, and for the recordings that are replayed.
func keep(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("E2E_RECORD")
	if dir == "" {
		return
	}
	p := attached(t, "events", "--format", "json")
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
