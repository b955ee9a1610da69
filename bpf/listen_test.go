package bpf

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/collector"

	"golang.org/x/sys/unix"
)

func init() { actors["listen"] = actListen }

const wantedVariable = "CSE_WANTED_NAMESPACE"

// actListen makes mount namespaces until one has the wanted inode number, and
// listens there.
func actListen(string) (facts, error) {
	wanted, err := strconv.Atoi(os.Getenv(wantedVariable))
	if err != nil {
		return nil, err
	}
	for range 100 {
		// the descriptor is never closed, so that the next one has another number
		if _, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY, 0); err != nil {
			return nil, err
		}
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return nil, err
		}
		if own("mnt") == uint32(wanted) {
			break
		}
	}
	return facts{"mnt": own("mnt")}, listenHere()
}

func listenHere() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

// detached is a container that a runtime started, and then exited.
type detached struct {
	runtime copied
	id      string
	pid     int // of its init, on the host
	mnt     uint32
}

// detach starts a container under a runtime's copy of that name.
func detach(t *testing.T, runtime, name string, args ...string) detached {
	t.Helper()
	dir := bundle(t, args...)
	c := detached{runtime: copyOf(t, runtime, name), id: name + "-" + filepath.Base(dir) + strconv.Itoa(os.Getpid())}
	pidFile := dir + "/pid"
	cmd := c.runtime.command("run", "--detach", "--bundle", dir, "--pid-file", pidFile, c.id)
	log, err := os.Create(dir + "/log") // no pipe, which the container would hold open
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(c.remove)
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	c.pid, err = strconv.Atoi(string(pid))
	if err != nil {
		t.Fatal(err)
	}
	c.mnt = inode(t, "/proc/"+string(pid)+"/ns/mnt")
	return c
}

func (c detached) remove() { _ = c.runtime.command("delete", "--force", c.id).Run() }

// waitListening waits until the port is in the container's /proc/net/tcp, in
// state 0A: listening.
func (c detached) waitListening(t *testing.T, port string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		sockets, _ := os.ReadFile("/proc/" + strconv.Itoa(c.pid) + "/net/tcp6")
		for line := range strings.Lines(string(sockets)) {
			if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[1], ":"+port) && f[3] == "0A" {
				return
			}
		}
	}
	t.Fatalf("container does not listen on %s", port)
}

func TestListen(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) { testListen(t, runtime) })
	}
}

func testListen(t *testing.T, runtime string) {
	name := "cse-l-" + runtime
	w := watch(t, name)
	if err := listenHere(); err != nil { // on the host
		t.Fatal(err)
	}
	c := detach(t, runtime, name, "/bin/httpd", "-f", "-p", "8080")
	c.waitListening(t, "1F90")
	inContainer := func(e *collector.Event) bool { return e.MntNS == c.mnt }
	e := w.one(collector.KindListen, inContainer)
	if e.PID != c.pid || e.Ret != 0 || e.NetNS != inode(t, "/proc/"+strconv.Itoa(c.pid)+"/ns/net") || e.Comm != "httpd" {
		t.Errorf("%+v, want that of %+v", e, c)
	}
	start := w.one(collector.KindExec, func(e *collector.Event) bool { return e.PID == c.pid && e.File == "/bin/httpd" })
	if e.Time <= start.Time || e.Born != start.Born {
		t.Errorf("listens at %d, born %d; executed at %d, born %d", e.Time, e.Born, start.Time, start.Born)
	}

	// once: neither a second listen nor an exec into the container tells again
	out, err := c.runtime.command("exec", c.id, "/bin/sh", "-c", "/bin/httpd -p 8081; /bin/true").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.waitListening(t, "1F91")
	w.one(collector.KindListen, inContainer)
	for _, e := range w.seen(collector.KindExec, func(e *collector.Event) bool { return e.File == "/bin/true" }) {
		t.Errorf("in the container: %+v", e)
	}
	for _, e := range w.seen(collector.KindListen, func(e *collector.Event) bool { return e.PID == os.Getpid() }) {
		t.Errorf("on the host: %+v", e)
	}
}

// TestListenInReusedNamespace listens in a namespace that has the inode number
// of a container which is gone and never listened.
func TestListenInReusedNamespace(t *testing.T) {
	w := watch(t, "cse-reused")
	c := detach(t, "runc", "cse-reused", "/bin/sleep", "1000")
	c.remove()
	t.Setenv(wantedVariable, strconv.Itoa(int(c.mnt)))
	for range 20 {
		pid, _, f := play(t, "cse-unwatched", "listen")
		for _, e := range w.seen(collector.KindListen, byPID(pid)) {
			t.Errorf("%+v", e)
		}
		if f["mnt"] == c.mnt {
			return
		}
		time.Sleep(50 * time.Millisecond) // the namespace is freed later
	}
	t.Skip("nobody got the number again")
}
