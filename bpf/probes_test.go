package bpf

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"container_start_exporter/collector"
)

// watcher has open probes and what they saw.
type watcher struct {
	*Probes
	t  *testing.T
	mu sync.Mutex
	// events in the order in which the sink got them
	events []*collector.Event
}

// watch opens probes that watch the names until the test ends.
func watch(t *testing.T, o Options) *watcher {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to load BPF programs")
	}
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{Probes: p, t: t}
	done := make(chan error)
	go func() { done <- p.Read(w.sink) }()
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error("close:", err)
		}
		if err := <-done; err != nil {
			t.Error("read:", err)
		}
	})
	return w
}

func (w *watcher) sink(e *collector.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// seen returns the events of a kind that match, after everything was delivered.
func (w *watcher) seen(kind collector.Kind, match func(*collector.Event) bool) []*collector.Event {
	w.t.Helper()
	if err := w.Drain(5 * time.Second); err != nil {
		w.t.Fatal("drain:", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []*collector.Event
	for _, e := range w.events {
		if e.Kind == kind && match(e) {
			found = append(found, e)
		}
	}
	return found
}

// one returns the one event of a kind that matches.
func (w *watcher) one(kind collector.Kind, match func(*collector.Event) bool) *collector.Event {
	w.t.Helper()
	found := w.seen(kind, match)
	if len(found) != 1 {
		w.dump()
		w.t.Fatalf("%d %s events match, want 1", len(found), kind)
	}
	return found[0]
}

func (w *watcher) dump() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		b, _ := json.Marshal(e)
		w.t.Logf("%s", b)
	}
}

// program copies a program under a name that nothing else on the host has.
func program(t *testing.T, from, name string) string {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Skip("needs", from, err)
	}
	defer src.Close()
	to := filepath.Join(t.TempDir(), name)
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

// shell runs a script by a watched shell and returns its pid.
func shell(t *testing.T, sh, script string) int {
	t.Helper()
	cmd := exec.Command(sh, "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return cmd.Process.Pid
}

func TestSmoke(t *testing.T) {
	start := time.Now()
	w := watch(t, Options{Runtimes: []string{"cse-smoke"}})
	t.Logf("open took %v", time.Since(start))
	for _, h := range w.Hooks() {
		t.Logf("%-20s %-10s %v %v", h.Name, h.Mechanism, h.Attached, h.Err)
	}
	sh := program(t, "/bin/busybox", "cse-smoke")
	_ = sh
	os.Rename(sh, filepath.Dir(sh)+"/cse-smoke")
	shell(t, "/bin/sh", "exec -a sh "+sh+" -c 'unshare -m /bin/true; cd /tmp; (exit 3); mount -t tmpfs none /nonexistent; true' || exec "+sh+" sh -c 'true'")
	w.seen("x", func(*collector.Event) bool { return true })
	w.dump()
	b, _ := json.MarshalIndent(w.Stats(), "", " ")
	t.Logf("%s", b)
}
