package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// listensAfter is how long a container sleeps before it listens.
const listensAfter = 300 * time.Millisecond

// listenScript returns a shell script that listens on a port, in the process of
// the script itself.
func listenScript(port int) string { return fmt.Sprintf("sleep 0.3; exec nc -l -p %d", port) }

// readyCase is a container and the process that listens in it.
type readyCase struct {
	name string
	container
	listener int // pid; 0 if none listens
}

// TestReady compares the times until containers listen with those of an
// independent observer.
func TestReady(t *testing.T) {
	d := needDocker(t)
	s := serve(t)
	w := &watcher{attach(t, "watch", "--format", "json", "--wait-ready", "--ready-timeout", "3s")}
	o := observeListens(t)
	before := s.scrape(t)

	var cases []readyCase
	add := func(name string, c container, listener int) { cases = append(cases, readyCase{name, c, listener}) }
	docker := func(args ...string) container {
		id := d.detach(t, args...)
		return container{id, d.pid(t, id), "runc"}
	}
	publish := []string{"--network", d.userNetwork(t), "-p", "127.0.0.1::80"}

	// Docker's resolver listens inside the network namespace, and docker-proxy for the container.
	c := docker(append(publish, image, "sleep", "300")...)
	add("nobody", c, 0)
	waitForListener(t, c.pid, "")
	c = docker(append(publish, image, "sh", "-c", listenScript(80))...)
	add("the entrypoint, on a network of its own", c, c.pid)
	c = docker(image, "sh", "-c", listenScript(80))
	add("the entrypoint", c, c.pid)
	c = docker("--init", image, "sh", "-c", listenScript(80))
	add("a child of docker-init", c, waitForListener(t, c.pid, ":80"))
	for _, name := range []string{"runc", "crun"} {
		c := needRuntime(t, name).listen(t)
		add(name, c, c.pid)
	}

	var ids []string
	for _, one := range cases {
		ids = append(ids, one.id)
		if one.listener != 0 {
			waitForListener(t, one.pid, ":80")
		}
	}
	records, lines := w.wait(t, ids...), o.stop(t)
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) { one.check(t, records[one.id], lines) })
	}
	after := s.scrape(t)
	for engine, want := range map[string]float64{"docker": 3, "none": 2} {
		if n := increase(before, after, "container_start_ready_seconds", scrape.Labels{"engine": engine}); n != want {
			t.Errorf("container_start_ready_seconds counts %v of engine %s; want %v", n, engine, want)
		}
	}
}

func (c readyCase) check(t *testing.T, r record, lines []observed) {
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
	for _, one := range lines {
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

// listen starts a container without an engine that listens after a while.
func (r bareRuntime) listen(t *testing.T) container {
	t.Helper()
	id, pid := r.runForeground(t, bundle(t, "/bin/sh", "-c", listenScript(80)), func(pid int) bool { return pid != 0 })
	return container{id, pid, r.name}
}

// observeListens starts an observer and waits until it sees this process.
func observeListens(t *testing.T) *observer {
	t.Helper()
	mountTracefs(t)
	o := &observer{host.Start(t, exec.Command("bpftrace", "-B", "line", "testdata/listen.bt"))}
	o.WaitFor(t, 30*time.Second, "bpftrace's probes (package bpftrace)", func() bool {
		host.FreeAddress(t) // listens
		_ = exec.Command("/bin/true").Run()
		return strings.Contains(o.Stdout.String(), fmt.Sprintf(" %d\n", os.Getpid())) && strings.Contains(o.Stdout.String(), "executed ")
	})
	return o
}

// waitForListener waits until a process listens in the network namespace of
// process netns, on a port or, if port is empty, on any, and returns its pid.
func waitForListener(t *testing.T, netns int, port string) (pid int) {
	t.Helper()
	ss := []string{"-t", strconv.Itoa(netns), "-n", "ss", "-Hltnp"}
	if port != "" {
		ss = append(ss, "sport = "+port)
	}
	var text string
	host.WaitFor(t, 15*time.Second, "a listener on port "+port, func() bool {
		text = must(t, exec.Command("nsenter", ss...))
		_, rest, found := strings.Cut(text, "pid=")
		_, err := fmt.Sscanf(rest, "%d", &pid)
		return found && err == nil
	}, func() string { return text })
	return pid
}
