package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// moby2 sets up the network between the runtime's create and start.
var moby2 = &tools.Set{
	Module: "test/e2e/testdata/moby",
	Packages: []string{
		"github.com/moby/moby/v2/cmd/dockerd",
		"github.com/moby/moby/v2/cmd/docker-proxy",
	},
	Optional: true, // the largest tool, and a beta
}

// moby is a daemon for one test, with the image in it. It runs in a network
// namespace of its own: what the daemon leaves there disappears with it.
type moby struct {
	docker
	holder *host.Process // keeps the namespace
	dir    string
}

// needMoby starts moby 2 with containerd 2 and runc 1.5, and with more flags.
func needMoby(t *testing.T, flags ...string) *moby {
	t.Helper()
	host.NeedRoot(t)
	host.NeedProgram(t, "docker", "docker.io")
	host.NeedProgram(t, "iptables", "iptables")
	path := []string{moby2.Need(t), tools.Containerd2.Need(t), tools.Runc15.Need(t)}
	m := &moby{docker: docker{&host.Docker{}}}
	var err error
	if m.dir, err = os.MkdirTemp(host.Dir(), "moby-"); err != nil { // short: sockets are in it
		t.Fatal(err)
	}
	m.makeNetns(t)
	m.Host = "unix://" + m.file("sock")
	cmd := m.inside(append([]string{"dockerd", "--data-root", m.file("data"), "--exec-root", m.file("exec"),
		"--pidfile", m.file("pid"), "-H", m.Host, "--shutdown-timeout", "5"}, flags...)...)
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(path, ":")+":"+os.Getenv("PATH"))
	if m.Process, err = host.Launch(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.end(t) })
	m.Process.WaitFor(t, 30*time.Second, "moby 2 to answer", m.Answers)
	archive, err := host.ImageTar()
	if err != nil {
		t.Fatal(err)
	}
	load := m.cmd("import", "-", image)
	load.Stdin = bytes.NewReader(archive.Bytes())
	must(t, load)
	return m
}

func (m *moby) file(name string) string { return filepath.Join(m.dir, name) }

// makeNetns starts the process that keeps the network namespace.
func (m *moby) makeNetns(t *testing.T) {
	t.Helper()
	m.holder = host.Start(t, exec.Command("unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"))
	m.holder.WaitFor(t, 10*time.Second, "a network namespace for moby 2", func() bool {
		return strings.Contains(m.holder.Stdout.String(), "ready")
	})
	t.Cleanup(func() {
		if err := m.holder.End(syscall.SIGKILL, 10*time.Second); err != nil {
			t.Error(err)
		}
	})
}

// inside returns a command that runs in the daemon's network namespace.
func (m *moby) inside(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(m.holder.Cmd.Process.Pid), "--net", "--"}, args...)...)
}

// end stops the daemon and unmounts what it leaves mounted.
func (m *moby) end(t *testing.T) {
	if err := m.Process.End(os.Interrupt, 30*time.Second); err != nil {
		t.Errorf("stop moby 2: %v", err)
	}
	unmountUnder(t, m.dir)
}
