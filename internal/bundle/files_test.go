package bundle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// rootIs returns a config.json with that root.path.
func rootIs(path string) string { return fmt.Sprintf(`{"root": {"path": %q}}`, path) }

// watchOpens returns a function that reports whether a file has been opened, by
// anyone, with more than O_PATH.
func watchOpens(t *testing.T, path string) (opened func() bool) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN); err != nil {
		t.Fatal(err)
	}
	return func() bool {
		n, _ := unix.Read(fd, make([]byte, 4096))
		return n > 0
	}
}

// TestOnlyRegularFilesAreOpened puts other files in the place of a config.json and
// of Docker's state: not even opening them is harmless.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	kinds := map[string]func(path string) error{
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"directory": func(path string) error { return os.Mkdir(path, 0o755) },
	}
	if os.Geteuid() == 0 {
		kinds["device"] = func(path string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o644, 1<<8|3) }
	}
	for kind, mk := range kinds {
		t.Run(kind, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "abc")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			config, state := filepath.Join(dir, "config.json"), filepath.Join(dir, "config.v2.json")
			if err := mk(config); err != nil {
				t.Fatal(err)
			}
			opened := watchOpens(t, config)
			if b := read(self(t).create("--bundle", dir, "abc")); b != nil || opened() {
				t.Errorf("read as a config.json: %+v, opened", b)
			}
			if err := os.Rename(config, state); err != nil {
				t.Fatal(err)
			}
			bundle := write(t, map[string]string{
				"config.json": fmt.Sprintf(`{"mounts": [{"destination": "/etc/hostname", "source": "%s/hostname"}]}`, dir),
			})
			if b := read(self(t).create("--bundle", bundle, "abc")); b == nil || opened() {
				t.Errorf("read as Docker's state, with %+v", b)
			}
		})
	}
}

// TestTracefsIsNotOpened links config.json to a file of tracefs in which a read waits
// for ever, more often than there are readers: an honest bundle is still read.
func TestTracefsIsNotOpened(t *testing.T) {
	needsRoot(t)
	pipe := "/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw"
	if _, err := os.Stat(pipe); err != nil {
		t.Skip("tracefs is not mounted")
	}
	hostile := t.TempDir()
	if err := os.Symlink(pipe, filepath.Join(hostile, "config.json")); err != nil {
		t.Fatal(err)
	}
	n, me := newNode(), self(t)
	for i := range 20 {
		e := me.create("--bundle", hostile, "abc")
		e.StartTime += int64(i) // the same process to /proc, another one to the reader
		n.reader.Handle(e)
	}
	if n.reader.Unread() != 20 {
		t.Errorf("%d of 20 are unread", n.reader.Unread())
	}
	honest := write(t, map[string]string{"config.json": rootIs("/honest")})
	e := me.create("--bundle", honest, "abc")
	e.StartTime += 100
	if b := n.read(e); b == nil || b.Root != "/honest" {
		t.Errorf("the honest bundle is read as %+v", b)
	}
}

// TestLinksStayInTheRoot reads the bundle of a runtime in another root directory: its
// absolute link leads to a file below that root, not to the host's.
func TestLinksStayInTheRoot(t *testing.T) {
	needsRoot(t)
	outside := write(t, map[string]string{"config.json": rootIs("/outside")})
	root := write(t, map[string]string{outside + "/config.json": rootIs("/inside"), "b/x": "", "up/x": ""})
	for name, target := range map[string]string{
		"b/config.json":  outside + "/config.json",
		"up/config.json": strings.Repeat("../", 40) + outside + "/config.json",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []childOptions{{Chroot: root, Dir: "/"}, {Chroot: root, Dir: "/", MountNS: true}} {
		c := startChild(t, o)
		for _, dir := range []string{"/b", "/up"} {
			if b := newNode().read(c.create("--bundle", dir, "abc")); b == nil || b.Root != "/inside" {
				t.Errorf("%s of %+v is read as %+v", dir, o, b)
			}
		}
	}
}

// TestMagicLinksAreNotFollowed links config.json to a file through the links of
// /proc, which lead where their process is, not where their path does.
func TestMagicLinksAreNotFollowed(t *testing.T) {
	secret := filepath.Join(write(t, map[string]string{"config.json": rootIs("/secret")}), "config.json")
	f, err := os.Open(secret)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := strconv.Itoa(int(f.Fd()))
	for _, target := range []string{
		"/proc/self/root" + secret,
		"/proc/self/fd/" + fd,
		fmt.Sprintf("/proc/%d/fd/%s", os.Getpid(), fd),
		"/proc/thread-self/root" + secret,
	} {
		dir := t.TempDir()
		if err := os.Symlink(target, filepath.Join(dir, "config.json")); err != nil {
			t.Fatal(err)
		}
		if b := read(self(t).create("--bundle", dir, "abc")); b != nil {
			t.Errorf("%s is read as %+v", target, b)
		}
	}
}

// TestReusedPID gives the reader a process that has exited, whose pid another process
// has by now: what that one finds by the same path is not read.
func TestReusedPID(t *testing.T) {
	needsRoot(t)
	root := write(t, map[string]string{"b/config.json": rootIs("/another")})
	for _, o := range []childOptions{
		{MountNS: true, Chroot: root, Dir: "/b"}, // an absolute path is another's, too
		{Dir: root + "/b"},
	} {
		c := startChild(t, o)
		exited := c
		exited.startTime -= int64(20 * time.Millisecond)
		for _, args := range [][]string{{"abc"}, {"--bundle", "../b", "abc"}, {"--bundle", "/b", "abc"}} {
			if b := read(exited.create(args...)); b != nil {
				t.Errorf("%q of %+v is read as %+v", args, o, b)
			}
		}
		if b := read(c.create("abc")); b == nil || b.Root != "/another" {
			t.Errorf("its own bundle is read as %+v", b)
		}
	}
}

// TestNoWorkingDirectory gives the reader runtimes whose working directory is gone:
// the bundle is not looked for in the reader's own.
func TestNoWorkingDirectory(t *testing.T) {
	dir := write(t, map[string]string{"b/config.json": rootIs("/own"), "gone (deleted)/b/config.json": rootIs("/own")})
	t.Chdir(dir)
	exited := startChild(t, childOptions{})
	exited.end()
	if err := os.Mkdir("gone", 0o755); err != nil {
		t.Fatal(err)
	}
	removed := startChild(t, childOptions{Dir: "gone", Remove: "../gone"})
	for name, c := range map[string]child{"exited": exited, "removed": removed} {
		if b := read(c.create("--bundle", "b", "abc")); b != nil {
			t.Errorf("%s: read as %+v", name, b)
		}
	}
}

// TestExitedRuntime reads the bundle of a runtime that has exited already: in the
// reader's own mount namespace, an absolute path is enough.
func TestExitedRuntime(t *testing.T) {
	dir := write(t, map[string]string{"config.json": rootIs("/r")})
	c := startChild(t, childOptions{})
	c.end()
	if b := read(c.create("--bundle", dir, "abc")); b == nil || b.Root != "/r" {
		t.Errorf("read as %+v", b)
	}
}

// TestRelativeBundle reads bundles relative to a runtime's working directory.
func TestRelativeBundle(t *testing.T) {
	dir := write(t, map[string]string{"config.json": rootIs("rootfs"), "x/config.json": rootIs("/x")})
	c := startChild(t, childOptions{Dir: dir})
	for bundle, want := range map[string]string{"": dir + "/rootfs", ".": dir + "/rootfs", "x": "/x", "x/..": dir + "/rootfs"} {
		if b := read(c.create("--bundle", bundle, "abc")); b == nil || b.Root != want {
			t.Errorf("%q: read as %+v, want the root %s", bundle, b, want)
		}
	}
}

// TestWithoutCapabilities reads bundles as a user who may not look into the processes of
// others: an absolute path is resolved in the reader's own root directory.
func TestWithoutCapabilities(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	dir := write(t, map[string]string{"config.json": rootIs("/r")})
	init := child{pid: 1, startTime: startTime(t, 1), mntNS: mntNS(t, os.Getpid())}
	if b := read(init.create("--bundle", dir, "abc")); b == nil || b.Root != "/r" {
		t.Errorf("read as %+v", b)
	}
	t.Chdir(dir)
	if b := read(init.create("abc")); b != nil {
		t.Errorf("a relative path is read as %+v", b)
	}
	if b := read(self(t).create("abc")); b == nil || b.Root != "/r" {
		t.Errorf("its own relative path is read as %+v", b)
	}
	init.mntNS--
	if b := read(init.create("--bundle", dir, "abc")); b != nil {
		t.Errorf("in another mount namespace it is read as %+v", b)
	}
}

// asNobody runs the test as another user.
func asNobody(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNoDescriptorStaysOpen reads bundles of which each fails at another step.
func TestNoDescriptorStaysOpen(t *testing.T) {
	good := write(t, map[string]string{"config.json": configJSON})
	bad := write(t, map[string]string{"config.json": `{"root": 1}`, "x/config.json/x": ""})
	c, exited := startChild(t, childOptions{Dir: good}), startChild(t, childOptions{})
	exited.end()
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := descriptors()
	for _, args := range [][]string{{"a"}, {"-b", good, "a"}, {"-b", bad, "a"}, {"-b", bad + "/x", "a"}, {"-b", bad + "/y", "a"}, {"-b", "y", "a"}} {
		read(c.create(args...))
		read(exited.create(args...))
	}
	// the last one closes its root directory behind its result
	host.WaitFor(t, 10*time.Second, "all descriptors to be closed", func() bool { return descriptors() == before }, nil)
}
