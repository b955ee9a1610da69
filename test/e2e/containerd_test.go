package e2e

import (
	"cmp"
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
	"container_start_exporter/test/tools"
)

// ctrNamespace is the namespace of ctr's containers, and the parent of their
// cgroups and of the pods'.
const ctrNamespace = "cse-e2e"

// containerd is a daemon for one test, with the image in it. It runs in a network
// namespace of its own: what it and its plugins leave there (a bridge, iptables
// chains, forwarding) disappears with the namespace.
type containerd struct {
	*host.Process
	path []string // directories of its programs, before PATH
	dir  string
}

// generation is a version of containerd that the tests can start.
type generation struct {
	name     string
	path     func(t *testing.T) []string // directories of its programs and of its runtime
	config   string                      // a format; its argument is the daemon's directory
	podPhase string                      // first phase of a start of a pod's container
	network  string                      // a format like cniNetwork, which it is if this is empty
}

var containerds = []generation{
	{name: "containerd 1.6", path: func(*testing.T) []string { return nil }, config: config16, podPhase: "shim"},
	// It calls the pod's shim without executing a launcher: the rootfs mount is first.
	{name: "containerd 2", path: func(t *testing.T) []string {
		return []string{tools.Containerd2.Need(t), tools.Runc15.Need(t)}
	}, config: config2, podPhase: "prepare"},
}

// The sandboxes' image is local. restrict_oom_score_adj is set because a score
// can be lowered only with CAP_SYS_RESOURCE.
const (
	config16 = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "` + fullImage + `"
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "%[1]s/cni"
`
	config2 = `version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "` + fullImage + `"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "%[1]s/cni"
[plugins.'io.containerd.nri.v1.nri']
disable = true
`
)

func (g generation) start(t *testing.T) *containerd {
	t.Helper()
	host.NeedRoot(t)
	host.NeedFile(t, "/usr/lib/cni/bridge", "containernetworking-plugins")
	c := &containerd{path: g.path(t)}
	if len(c.path) == 0 {
		host.NeedProgram(t, "containerd", "containerd")
		host.NeedProgram(t, "runc", "runc")
	}
	var err error
	if c.dir, err = os.MkdirTemp(host.Dir(), "containerd-"); err != nil { // short: sockets are in it
		t.Fatal(err)
	}
	c.write(t, "config.toml", fmt.Sprintf(g.config, c.dir))
	c.write(t, "cni/10-e2e.conflist", fmt.Sprintf(cmp.Or(g.network, cniNetwork), c.dir))
	cmd := c.command("containerd", "--config", filepath.Join(c.dir, "config.toml"), "--address", c.socket(),
		"--root", filepath.Join(c.dir, "root"), "--state", filepath.Join(c.dir, "state"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET}
	if c.Process, err = host.Launch(cmd); err != nil {
		t.Fatalf("start %s: %v", g.name, err)
	}
	t.Cleanup(func() { c.stop(t) })
	c.WaitFor(t, 30*time.Second, g.name+" to answer", func() bool { return c.ctr("version").Run() == nil })
	archive, err := host.ImageArchive()
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{ctrNamespace, "k8s.io"} {
		must(t, c.ctr("-n", namespace, "images", "import", "--all-platforms", archive))
	}
	return c
}

func (c *containerd) socket() string { return filepath.Join(c.dir, "sock") }

func (c *containerd) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command returns a command of one of containerd's programs, with the others in
// its PATH.
func (c *containerd) command(name string, args ...string) *exec.Cmd {
	if len(c.path) == 0 {
		return exec.Command(name, args...)
	}
	cmd := exec.Command(filepath.Join(c.path[0], name), args...)
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(c.path, ":")+":"+os.Getenv("PATH"))
	return cmd
}

func (c *containerd) ctr(args ...string) *exec.Cmd {
	return c.command("ctr", append([]string{"--address", c.socket()}, args...)...)
}

// stop stops the daemon and unmounts what it leaves mounted.
func (c *containerd) stop(t *testing.T) {
	if err := c.End(os.Interrupt, 20*time.Second); err != nil {
		t.Errorf("stop containerd: %v", err)
	}
	unmountUnder(t, c.dir)
	removeCgroups(ctrNamespace)
	for _, namespace := range []string{ctrNamespace, "k8s.io"} {
		_ = os.Remove(filepath.Join("/run/containerd/runc", namespace)) // fails if another daemon uses it too
	}
}

// unmountUnder unmounts everything below a directory, the last mount first.
func unmountUnder(t *testing.T, dir string) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Error(err)
		return
	}
	lines := strings.Split(string(content), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		fields := strings.Fields(lines[i])
		if len(fields) < 5 || !strings.HasPrefix(fields[4], dir+"/") {
			continue
		}
		if err := unix.Unmount(fields[4], unix.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", fields[4], err)
		}
	}
}

// removeCgroups removes an unused cgroup and its children, in each hierarchy.
func removeCgroups(name string) {
	for _, pattern := range []string{"/sys/fs/cgroup/*/%s/*", "/sys/fs/cgroup/*/%s", "/sys/fs/cgroup/%s/*", "/sys/fs/cgroup/%s"} {
		dirs, _ := filepath.Glob(fmt.Sprintf(pattern, name)) // the pattern is valid
		for _, dir := range dirs {
			_ = unix.Rmdir(dir) // the pattern also matches a cgroup's files, for which this fails
		}
	}
}

// runSleeping starts a container with ctr that runs until the end of the test.
func (c *containerd) runSleeping(t *testing.T) container {
	t.Helper()
	id := newID(t, "ctr")
	ctr := func(args ...string) *exec.Cmd { return c.ctr(append([]string{"-n", ctrNamespace}, args...)...) }
	must(t, ctr("run", "-d", fullImage, id, "sleep", "300"))
	t.Cleanup(func() {
		must(t, ctr("task", "rm", "--force", id))
		must(t, ctr("container", "rm", id))
	})
	return container{id, c.pid(t, ctrNamespace, id), "runc"}
}

// pid returns the pid of a container's entrypoint, as containerd reports it.
func (c *containerd) pid(t *testing.T, namespace, id string) int {
	t.Helper()
	list := must(t, c.ctr("-n", namespace, "task", "ls"))
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == id {
			pid, _ := strconv.Atoi(fields[1])
			return pid
		}
	}
	t.Fatalf("no task %s in\n%s", id, list)
	return 0
}
