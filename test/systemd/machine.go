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
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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
	"docker/daemon.json":                         `{"exec-opts":["native.cgroupdriver=systemd"]}`,
	"containers/containers.conf":                 "[containers]\npids_limit=0\ndefault_ulimits=[\"nofile=1024:1024\"]\n[engine]\ncgroup_manager=\"systemd\"\n",
	"containerd/config.toml":                     containerdConfig,
	"containerd/runc":                            podRuntime,
	"cni/net.d/10-test.conflist":                 podNetwork,
	"nerdctl/nerdctl.toml":                       "cni_path = \"/usr/lib/cni\"\n",
	"systemd/system/docker.service.d/x.conf":     noLimits,
	"systemd/system/containerd.service.d/x.conf": noLimits,
	"machine-id":                                 "",
}

const noLimits = "[Service]\nLimitNOFILE=\nLimitNPROC=\nLimitCORE=\nOOMScoreAdjust=\nExecStartPre=\n"

const containerdConfig = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "` + image + `"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true
BinaryName = "/etc/containerd/runc"
`

// podRuntime executes runc without the limit that containerd sets for each sandbox.
const podRuntime = `#!/bin/sh
for bundle; do
	[ "$last" != --bundle ] || sed -i 's/,"cpu":{"shares":2}//' "$bundle/config.json"
	last=$bundle
done
exec runc "$@"
`

const podNetwork = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [{"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.214.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]
}
`

// masked are units that a host in namespaces cannot have.
var masked = []string{
	"systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-journald-audit.socket",
	"podman.service", "podman.socket", "podman-restart.service",
	"getty@tty1.service", "console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer",
}

// build is what a machine is made of.
type build struct {
	suite   string            // of Debian
	version string            // of its cgroups, 1 or 2
	files   map[string]string // in /etc, in the place of those of configuration
}

// machine is a host whose pid 1 is systemd.
type machine struct {
	*host.Process
	pid     int    // of systemd, on this host
	name    string // of its cgroup, in each hierarchy
	work    string // a directory that has the same path there
	version string // of its cgroups, 1 or 2
}

// entering moves the shell to the cgroups before -- and executes the words behind it there,
// in a cgroup namespace of their own.
const entering = `while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit; shift; done; shift; exec unshare --cgroup "$@"`

// booted is how many machines there were.
var booted atomic.Int32

// boot starts systemd on Debian 13 with cgroup v2, and ends it with all of its processes
// when the test ends.
func boot(t *testing.T) *machine {
	t.Helper()
	return bootBuild(t, build{suite: stable, version: "2"})
}

// bootBuild is boot for a build.
func bootBuild(t *testing.T, b build) *machine {
	t.Helper()
	host.NeedRoot(t)
	host.NeedProgram(t, "mmdebstrap", "mmdebstrap")
	root, err := installed(t.Context(), b.suite)
	if err != nil {
		t.Fatalf("install %s: %v", b.suite, err)
	}
	name := fmt.Sprintf("cse-systemd-%d-%d", os.Getpid(), booted.Add(1))
	m := &machine{work: workDir(t, name, b.files), name: name, version: b.version}
	words := append([]string{"-c", entering, "sh"}, m.makeCgroups(t)...)
	cmd := exec.Command("sh", append(words, "--", "sh", filepath.Join(m.work, "boot.sh"), root, m.work, b.version)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL, // SIGTERM makes systemd execute itself again
	}
	if m.Process, err = host.Launch(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.End(syscall.SIGKILL, 30*time.Second) })
	m.pid = m.Cmd.Process.Pid
	m.WaitFor(t, time.Minute, "systemd to have started", func() bool {
		state, _ := m.command("systemctl", "is-system-running").Output()
		return strings.Contains("running degraded", strings.TrimSpace(string(state))) && len(state) > 1
	})
	return m
}

// workDir makes the machine's directory, with what boot.sh copies to /etc.
func workDir(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(host.Dir(), name)
	for _, sub := range []string{"memory", "etc/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, all := range []map[string]string{configuration, files} {
		for name, content := range all {
			writeFile(t, filepath.Join(dir, "etc", name), []byte(content))
		}
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
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

// makeCgroups makes the machine's cgroup in each hierarchy that it uses, and removes them
// with those below when the test ends.
func (m *machine) makeCgroups(t *testing.T) (dirs []string) {
	t.Helper()
	for _, hierarchy := range hierarchies(t, m.version) {
		dir := filepath.Join(hierarchy, m.name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { removeCgroups(t, dir) })
		dirs = append(dirs, dir)
		if filepath.Base(hierarchy) != "cpuset" {
			continue
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} { // no process can enter before these are set
			content, err := os.ReadFile(filepath.Join(hierarchy, file))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, file), content)
		}
		writeFile(t, filepath.Join(dir, "cgroup.clone_children"), []byte("1"))
	}
	return dirs
}

// hierarchies returns where the host has mounted the hierarchies that a machine uses: v2,
// and for v1 each hierarchy beside it.
func hierarchies(t *testing.T, version string) (dirs []string) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var v1, v2 []string
	for line := range strings.Lines(string(mounts)) {
		switch f := strings.Fields(line); f[2] {
		case "cgroup":
			v1 = append(v1, f[1])
		case "cgroup2":
			v2 = []string{f[1]}
		}
	}
	switch {
	case len(v2) == 0:
		t.Skip("cgroup v2 is not mounted")
	case version == "2":
		return v2
	case !slices.ContainsFunc(v1, func(dir string) bool { return filepath.Base(dir) == "systemd" }):
		t.Skip("the host has no hierarchy name=systemd of cgroup v1")
	}
	return append(v1, v2...)
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
	cmd := exec.Command("nsenter", append(enter, words...)...)
	cmd.WaitDelay = 10 * time.Second // if something keeps its output open when nsenter has ended
	return cmd
}

// run runs a command on the machine and returns what it writes, without the spaces around it.
func (m *machine) run(t *testing.T, words ...string) string {
	t.Helper()
	out, err := m.output(words...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// output is run that returns an error, with what the command writes to its standard error.
func (m *machine) output(words ...string) (string, error) {
	cmd := m.command(words...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s%s", words, err, out, stderr.String())
	}
	return strings.TrimSpace(string(out)), err
}
