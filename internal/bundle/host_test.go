package bundle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// init keeps the main goroutine on the main thread, whose root directory and
// namespaces are the process's.
func init() { goruntime.LockOSThread() }

const childVariable = "BUNDLE_TEST_CHILD"

// childOptions say what a child process does before it waits. It is in place of a
// runtime: the process whose root and working directory a bundle is read by.
type childOptions struct {
	MountNS bool   // in a mount namespace of its own
	Bind    string // in which this directory is mounted on FuseOrBindAt
	FUSE    bool   // or a FUSE file system that never answers
	At      string
	Chroot  string
	Dir     string
	Remove  string // a directory to remove once all else is done
}

func TestMain(m *testing.M) {
	if options := os.Getenv(childVariable); options != "" {
		if err := runChild(options); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(options string) error {
	var o childOptions
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	if err := o.prepare(); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func (o childOptions) prepare() error {
	if o.MountNS {
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
	}
	if o.Bind != "" {
		if err := unix.Mount(o.Bind, o.At, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	if o.FUSE {
		if err := mountHanging(o.At); err != nil {
			return err
		}
	}
	if o.Chroot != "" {
		if err := unix.Chroot(o.Chroot); err != nil {
			return err
		}
	}
	if o.Dir != "" {
		if err := os.Chdir(o.Dir); err != nil {
			return err
		}
	}
	if o.Remove != "" {
		return os.Remove(o.Remove)
	}
	return nil
}

// mountHanging mounts a FUSE file system whose server never answers: whoever looks
// up a name in it waits until this process ends.
func mountHanging(dir string) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Mount("hang", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd))
}

// child is a running child process.
type child struct {
	pid       int
	startTime int64
	mntNS     uint32
	end       func()
}

// startChild starts a child process and waits until it has done what the options
// say. It ends with the test, if not before.
func startChild(t testing.TB, o childOptions) child {
	t.Helper()
	options, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVariable+"="+string(options))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		stdin.Close()
		_ = cmd.Wait()
	}
	t.Cleanup(end)
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child process: %s", line)
	}
	return child{pid: cmd.Process.Pid, startTime: startTime(t, cmd.Process.Pid), mntNS: mntNS(t, cmd.Process.Pid), end: end}
}

// self is the test's own process.
func self(t testing.TB) child {
	return child{pid: os.Getpid(), startTime: startTime(t, os.Getpid()), mntNS: mntNS(t, os.Getpid())}
}

// startTime returns the start time of a process as an event has it, but for the
// digits below the clock tick.
func startTime(t testing.TB, pid int) int64 {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	ticks, err := strconv.ParseInt(fields[20], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ticks*int64(time.Second/100) + 1234567
}

func mntNS(t testing.TB, pid int) uint32 {
	t.Helper()
	ns := mntNSOf(strconv.Itoa(pid))
	if ns == 0 {
		t.Fatal("the mount namespace cannot be read")
	}
	return ns
}

// create returns the event that child c executed a runtime's create.
func (c child) create(args ...string) *event.Event {
	return &event.Event{
		Kind: event.KindExec, PID: c.pid, StartTime: c.startTime, MntNS: c.mntNS,
		Args: append([]string{"runc", "create"}, args...),
	}
}

// node is a Reader and what came out of it.
type node struct {
	reader  *Reader
	bundles []*event.Event
}

func newNode() *node {
	n := &node{}
	n.reader = NewReader(func(e *event.Event) {
		if e.Kind == event.KindBundle {
			n.bundles = append(n.bundles, e)
		}
	})
	return n
}

// read handles the execution of a runtime until its bundle has been read, and
// returns that: nil if it could not be read, or not within a second.
func (n *node) read(e *event.Event) *event.Bundle {
	before, unread := len(n.bundles), n.reader.Unread()
	n.reader.Handle(e)
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		n.reader.Handle(&event.Event{Kind: event.KindClock})
		for _, b := range n.bundles[before:] {
			if b.PID == e.PID && b.StartTime == e.StartTime {
				return b.Bundle
			}
		}
		if n.reader.Unread() > unread {
			return nil
		}
	}
	return nil
}

// read reads one bundle by a Reader of its own.
func read(e *event.Event) *event.Bundle { return newNode().read(e) }

// write writes files below a temporary directory and returns the directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func needsRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
