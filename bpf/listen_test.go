package bpf

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() { scenarios["listen"] = runListen }

const wantedVariable = "CSE_WANTED_NAMESPACE"

// runListen creates mount namespaces until one has the wanted inode number, and
// listens there.
func runListen(string) (results, error) {
	wanted, err := strconv.Atoi(os.Getenv(wantedVariable))
	if err != nil {
		return nil, err
	}
	for range 100 {
		// never closed, so that the next namespace has another inode number
		if _, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY, 0); err != nil {
			return nil, err
		}
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return nil, err
		}
		if ownNS("mnt") == uint32(wanted) {
			break
		}
	}
	return results{"mnt": ownNS("mnt")}, listenHere()
}

func listenHere() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

// detached is a container whose runtime has exited.
type detached struct {
	runtime renamedRuntime
	id      string
	pid     int // of its init, on the host
	mnt     uint32
}

// detach starts a container with a copy of a runtime under this name.
func detach(t *testing.T, runtime, name string, args ...string) detached {
	t.Helper()
	dir := bundle(t, args...)
	d := detached{runtime: renameRuntime(t, runtime, name), id: name + "-" + filepath.Base(dir) + strconv.Itoa(os.Getpid())}
	pidFile := dir + "/pid"
	cmd := d.runtime.command("run", "--detach", "--bundle", dir, "--pid-file", pidFile, d.id)
	log, err := os.Create(dir + "/log") // not a pipe, which the container would keep open
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(d.remove)
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	d.pid, err = strconv.Atoi(string(pid))
	if err != nil {
		t.Fatal(err)
	}
	d.mnt = inode(t, "/proc/"+string(pid)+"/ns/mnt")
	return d
}

func (d detached) remove() { _ = d.runtime.command("delete", "--force", d.id).Run() }

// waitListening waits until the port is in the container's /proc/net/tcp6, in
// state 0A: listening.
func (d detached) waitListening(t *testing.T, port string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		sockets, _ := os.ReadFile("/proc/" + strconv.Itoa(d.pid) + "/net/tcp6")
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
	inContainer := func(e *event.Event) bool { return e.MntNS == c.mnt }
	e := w.one(event.KindListen, inContainer)
	if e.PID != c.pid || e.Ret != 0 || e.NetNS != inode(t, "/proc/"+strconv.Itoa(c.pid)+"/ns/net") || e.Comm != "httpd" {
		t.Errorf("%+v, want the listen of %+v", e, c)
	}
	start := w.one(event.KindExec, func(e *event.Event) bool { return e.PID == c.pid && e.File == "/bin/httpd" })
	if e.Time <= start.Time || e.StartTime != start.StartTime {
		t.Errorf("listen at %d by a process started at %d, exec at %d by one started at %d", e.Time, e.StartTime, start.Time, start.StartTime)
	}

	// once: neither a second listen nor an exec in the container is reported
	out, err := c.runtime.command("exec", c.id, "/bin/sh", "-c", "/bin/httpd -p 8081; /bin/true").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.waitListening(t, "1F91")
	w.one(event.KindListen, inContainer)
	for _, e := range w.seen(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/true" }) {
		t.Errorf("in the container: %+v", e)
	}
	for _, e := range w.seen(event.KindListen, func(e *event.Event) bool { return e.PID == os.Getpid() }) {
		t.Errorf("on the host: %+v", e)
	}
}

// TestListenInReusedNamespace listens in a namespace with the inode number of a
// container that was removed and never listened.
func TestListenInReusedNamespace(t *testing.T) {
	w := watch(t, "cse-reused")
	c := detach(t, "runc", "cse-reused", "/bin/sleep", "1000")
	c.remove()
	t.Setenv(wantedVariable, strconv.Itoa(int(c.mnt)))
	for range 20 {
		pid, _, r := play(t, "cse-unwatched", "listen")
		for _, e := range w.seen(event.KindListen, byPID(pid)) {
			t.Errorf("%+v", e)
		}
		if r["mnt"] == c.mnt {
			return
		}
		time.Sleep(50 * time.Millisecond) // the namespace is freed later
	}
	t.Skip("the inode number was not reused")
}
