package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listensAfter is how long a container waits before it listens.
const listensAfter = 300 * time.Millisecond

// listening is a script that does so on a port, in the process of the script.
func listening(port int) string { return fmt.Sprintf("sleep 0.3; exec nc -l -p %d", port) }

// readyCase is a container, and who listens in it: 0 is nobody.
type readyCase struct {
	name string
	held
	listener int
}

// TestReady times containers until they listen, beside an independent observer.
func TestReady(t *testing.T) {
	d := needDocker(t)
	s := serve(t)
	w := &watcher{attached(t, "watch", "--format", "json", "--wait-ready", "--ready-timeout", "3s")}
	o := observeListens(t)
	before := s.scrape(t)

	var cases []readyCase
	add := func(name string, h held, listener int) { cases = append(cases, readyCase{name, h, listener}) }
	docker := func(args ...string) held {
		id := d.detach(t, args...)
		return held{id, d.pid(t, id), "runc"}
	}
	publish := []string{"--network", d.userNetwork(t), "-p", "127.0.0.1::80"}

	// Docker's resolver listens inside the network namespace, and its proxy for it.
	h := docker(append(publish, image, "sleep", "300")...)
	add("nobody", h, 0)
	waitForListener(t, h.pid, "")
	h = docker(append(publish, image, "sh", "-c", listening(80))...)
	add("the entrypoint, on a network of its own", h, h.pid)
	h = docker(image, "sh", "-c", listening(80))
	add("the entrypoint", h, h.pid)
	h = docker("--init", image, "sh", "-c", listening(80))
	add("a child of docker-init", h, waitForListener(t, h.pid, ":80"))
	for _, name := range []string{"runc", "crun"} {
		h := needRuntime(t, name).listen(t)
		add(name, h, h.pid)
	}

	var ids []string
	for _, one := range cases {
		ids = append(ids, one.id)
		if one.listener != 0 {
			waitForListener(t, one.pid, ":80")
		}
	}
	records, seen := w.wait(t, ids...), o.stop(t)
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) { one.check(t, records[one.id], seen) })
	}
	after := s.scrape(t)
	for engine, want := range map[string]float64{"docker": 3, "none": 2} {
		if n := grown(before, after, "container_start_ready_seconds", labels{"engine": engine}); n != want {
			t.Errorf("container_start_ready_seconds has counted %v of engine %s; want %v", n, engine, want)
		}
	}
}

func (c readyCase) check(t *testing.T, r record, seen []seen) {
	if r.Outcome != "started" || r.PID != c.pid {
		t.Errorf("%s, pid %d; want started, %d", r.Outcome, r.PID, c.pid)
	}
	if c.listener == 0 {
		if r.Ready != 0 {
			t.Errorf("ready after %v, but the container does not listen", time.Duration(r.Ready))
		}
		return
	}
	var entrypoint, listened int64
	for _, one := range seen {
		if one.kind == "executed" && one.pid == c.pid && entrypoint == 0 {
			entrypoint = one.time
		}
		if one.kind == "listen" && one.pid == c.listener && listened == 0 {
			listened = one.time
		}
	}
	if entrypoint == 0 || listened < entrypoint {
		t.Fatalf("the observer saw pid %d executed at %d, and pid %d listen at %d", c.pid, entrypoint, c.listener, listened)
	}
	took := time.Duration(listened - entrypoint)
	if !near(took, r.Ready) || time.Duration(r.Ready) < listensAfter {
		t.Errorf("ready after %v; the observer saw %v", time.Duration(r.Ready), took)
	}
	t.Logf("ready after %v; the observer saw %v", time.Duration(r.Ready), took)
}

// listen starts a container without an engine that listens in the end.
func (r bareRuntime) listen(t *testing.T) held {
	t.Helper()
	id := newID(t, r.name)
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := startCmd(t, r.cmd("run", "--bundle", bundle(t, "/bin/sh", "-c", listening(80)), "--pid-file", pidFile, id))
	pid := 0
	t.Cleanup(func() { // the runtime then deletes the container, and exits
		_ = unix.Kill(pid, unix.SIGKILL)
		select {
		case <-p.exited:
		case <-time.After(10 * time.Second):
			t.Errorf("%s run outlives its container", r.name)
		}
	})
	waitFor(t, 10*time.Second, r.name+" run to write a pid", func() bool {
		pid = readPID(pidFile)
		return pid != 0
	}, p.stderr.String)
	return held{id, pid, r.name}
}

// observeListens starts the observer and waits until it sees us.
func observeListens(t *testing.T) *oracle {
	t.Helper()
	mountTracefs(t)
	o := &oracle{startCmd(t, exec.Command("bpftrace", "-B", "line", "testdata/listen.bt"))}
	waitFor(t, 30*time.Second, "bpftrace's probes (package bpftrace)", func() bool {
		if !o.running() {
			t.Fatalf("bpftrace ended\n%s", o.stderr.String())
		}
		freeAddress(t) // listens
		_ = exec.Command("/bin/true").Run()
		return strings.Contains(o.stdout.String(), fmt.Sprintf(" %d\n", os.Getpid())) && strings.Contains(o.stdout.String(), "executed ")
	}, o.stderr.String)
	return o
}

// waitForListener waits until a process listens in a network namespace, on a
// port or on any, and gives it.
func waitForListener(t *testing.T, neighbour int, port string) (pid int) {
	t.Helper()
	ss := []string{"-t", strconv.Itoa(neighbour), "-n", "ss", "-Hltnp"}
	if port != "" {
		ss = append(ss, "sport = "+port)
	}
	var said string
	waitFor(t, 15*time.Second, "a listener on port "+port, func() bool {
		said = must(t, exec.Command("nsenter", ss...))
		_, rest, found := strings.Cut(said, "pid=")
		_, err := fmt.Sscanf(rest, "%d", &pid)
		return found && err == nil
	}, func() string { return said })
	return pid
}
