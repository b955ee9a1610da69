// Package systemd starts containers on a host whose pid 1 is systemd and whose engines let
// it make the cgroups, as on nearly every production host, and compares what the exporter
// reports there with what the engines, /proc and bpftrace show. It needs root and the
// packages in .ci/packages.
//
// The host is Debian in namespaces of its own, all but those of time and users: systemd
// needs no machine.
package systemd

import (
	"bytes"
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

// configuration are the files of the engines' configuration: the systemd driver, and
// nothing that needs what this host may lack: limits without the controllers of cgroup v2,
// or CAP_SYS_RESOURCE.
var configuration = map[string]string{
	"docker/daemon.json":                         `{"exec-opts":["native.cgroupdriver=systemd"],"bridge":"none"}`,
	"containers/containers.conf":                 "[containers]\npids_limit=0\ndefault_ulimits=[\"nofile=1024:1024\"]\n[engine]\ncgroup_manager=\"systemd\"\n",
	"systemd/system/docker.service.d/x.conf":     noLimits,
	"systemd/system/containerd.service.d/x.conf": noLimits,
	"machine-id": "",
}

const noLimits = "[Service]\nLimitNOFILE=\nLimitNPROC=\nLimitCORE=\nOOMScoreAdjust=\nExecStartPre=\n"

// masked are units that a host in namespaces cannot have.
var masked = []string{
	"systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-journald-audit.socket",
	"podman.service", "podman.socket", "podman-restart.service",
	"getty@tty1.service", "console-getty.service", "systemd-logind.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer",
}

// machine is a host whose pid 1 is systemd.
type machine struct {
	pid  int    // of systemd, on this host
	work string // a directory that has the same path there
}

// boot starts systemd, and ends it with all of its processes when the test ends.
func boot(t *testing.T) *machine {
	t.Helper()
	root, err := installed(t.Context())
	if err != nil {
		t.Fatalf("install %s: %v", suite, err)
	}
	m := &machine{work: workDir(t)}
	cgroup := filepath.Join(cgroup2(t), fmt.Sprintf("cse-systemd-%d", os.Getpid()))
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeCgroups(t, cgroup) })
	fd, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	cmd := exec.Command("sh", filepath.Join(m.work, "boot.sh"), root, m.work)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWNET | syscall.CLONE_NEWCGROUP,
		UseCgroupFD: true, CgroupFD: int(fd.Fd()),
	}
	p, err := host.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.End(syscall.SIGKILL, 30*time.Second) })
	m.pid = p.Cmd.Process.Pid
	p.WaitFor(t, time.Minute, "systemd to have started", func() bool {
		state, _ := m.command("systemctl", "is-system-running").Output()
		return strings.Contains("running degraded", strings.TrimSpace(string(state))) && len(state) > 1
	})
	return m
}

// workDir makes the machine's directory, with what boot.sh copies to /etc.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(host.Dir(), "machine-")
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"memory", "etc/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range configuration {
		writeFile(t, filepath.Join(dir, "etc", name), []byte(content))
	}
	for _, unit := range masked {
		if err := os.Symlink("/dev/null", filepath.Join(dir, "etc/systemd/system", unit)); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "boot.sh"), bootScript)
	return dir
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// cgroup2 returns where cgroup v2 is mounted.
func cgroup2(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	t.Skip("cgroup v2 is not mounted")
	return ""
}

// removeCgroups removes a cgroup and those below it, in which no process is left.
func removeCgroups(t *testing.T, dir string) {
	t.Helper()
	host.WaitFor(t, 10*time.Second, "the machine's cgroups to be removed", func() bool {
		out, _ := exec.Command("find", dir, "-depth", "-type", "d").Output()
		for path := range strings.Lines(string(out)) {
			_ = os.Remove(strings.TrimSpace(path)) // fails as long as it is busy: it is looked for again
		}
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}, func() string { return dir })
}

// command returns a command to be executed on the machine.
func (m *machine) command(words ...string) *exec.Cmd {
	enter := []string{"-t", strconv.Itoa(m.pid), "-a", "--", "env", "-i", "HOME=/root", "LANG=C",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	return exec.Command("nsenter", append(enter, words...)...)
}

// run runs a command on the machine and returns what it writes, without the spaces around it.
func (m *machine) run(t *testing.T, words ...string) string {
	t.Helper()
	cmd := m.command(words...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", words, err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}
