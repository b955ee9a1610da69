// Package kubelet starts pods by a real kubelet, which runs static pods on a node without an
// API server, and compares what the exporter reports with what kubelet counts and says of its
// pods. It needs root and the packages in .ci/packages.
//
// The node is containerd and kubelet with mounts and a network of their own, in a cgroup of
// their own. They have the host's pids, as those of a node have.
package kubelet

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

//go:embed boot.sh
var bootScript []byte

const (
	nodeName    = "node-1"
	nodeAddress = "10.214.0.1"
)

// node is a node of Kubernetes.
type node struct {
	pid    int      // of the process that keeps its namespaces
	work   string   // a directory that has the same path there
	cgroup string   // the parent of its pods' cgroups
	path   string   // PATH of its programs
	procs  *os.File // the cgroup v2 of all of its processes

	containerd *host.Process
}

// boot makes a node without any daemon, and ends it with all of its processes when the test
// ends. Its programs are those in the directories, and the host's.
func boot(t *testing.T, programs ...string) *node {
	t.Helper()
	n := &node{
		work:   filepath.Join(host.Dir(), "node"),
		cgroup: fmt.Sprintf("/cse-kubelet-%d", os.Getpid()),
		path:   strings.Join(append(programs, os.Getenv("PATH")), ":"),
	}
	n.write(t, "boot.sh", string(bootScript))
	n.makeCgroups(t)
	cmd := exec.Command("sh", filepath.Join(n.work, "boot.sh"), n.work, nodeAddress, n.cgroup)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: int(n.procs.Fd()),
	}
	p, err := host.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	n.pid = p.Cmd.Process.Pid
	p.WaitFor(t, 10*time.Second, "the node's namespaces", func() bool { return p.Stdout.String() == "booted\n" })
	return n
}

// write writes a file below the node's directory.
func (n *node) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(n.work, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// makeCgroups makes the parent of the pods' cgroups in each hierarchy, and in that of v2 a
// cgroup for the node's other processes. When the test ends, it ends all that are in these.
func (n *node) makeCgroups(t *testing.T) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[2] != "cgroup" && f[2] != "cgroup2" || !strings.HasPrefix(f[1], "/sys/fs/cgroup") {
			continue
		}
		dir := filepath.Join(f[1], n.cgroup)
		if err := os.MkdirAll(filepath.Join(dir, "daemons"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { endCgroups(t, dir) })
		if f[2] != "cgroup2" {
			continue
		}
		if n.procs, err = os.Open(filepath.Join(dir, "daemons")); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.procs.Close() })
	}
	if n.procs == nil {
		t.Skip("cgroup v2 is not mounted")
	}
}

// endCgroups kills the processes in a cgroup and those below it, and removes these.
func endCgroups(t *testing.T, dir string) {
	t.Helper()
	host.WaitFor(t, 20*time.Second, "the node's cgroups to be removed", func() bool {
		out, _ := exec.Command("find", dir, "-depth", "-type", "d").Output()
		for path := range strings.Lines(string(out)) {
			path = strings.TrimSpace(path)
			pids, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			for _, pid := range strings.Fields(string(pids)) {
				if pid, err := strconv.Atoi(pid); err == nil && pid > 1 { // 0 is of another pid namespace
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			_ = os.Remove(path) // fails as long as it is busy: it is looked for again
		}
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}, func() string { return dir })
}

// command returns a command to be executed on the node, which nsenter becomes.
func (n *node) command(words ...string) *exec.Cmd {
	enter := []string{"-t", strconv.Itoa(n.pid), "-m", "-n", "-i", "--", "env", "PATH=" + n.path}
	cmd := exec.Command("nsenter", append(enter, words...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(n.procs.Fd())}
	return cmd
}
