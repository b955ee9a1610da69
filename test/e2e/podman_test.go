package e2e

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

	"container_start_exporter/test/host"
)

// podman is a podman with storage of its own for one test, with the image in it;
// there is no daemon. It runs in namespaces of its own, and what it leaves there
// (bridge, iptables chains, mounts) disappears with them.
type podman struct {
	runtime string
	network string // the backend: cni, netavark
	dir     string
	holder  *host.Process // keeps the namespaces
}

// The limits are set because none can be raised without CAP_SYS_RESOURCE. The
// pods' infra container uses the image: the distribution's own needs another
// package.
const podmanConfig = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "%[2]s"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "%[1]s/tmp"
infra_image = "` + fullImage + `"
infra_command = "/bin/sleep 300"
[network]
network_backend = "%[3]s"
network_config_dir = "%[1]s/networks"
cni_plugin_dirs = ["/usr/lib/cni"]
`

// needPodman returns podman with a runtime and a network backend.
func needPodman(t *testing.T, runtime, network string) *podman {
	t.Helper()
	host.NeedRoot(t)
	host.NeedProgram(t, "podman", "podman")
	host.NeedProgram(t, runtime, runtime)
	if network == "netavark" {
		host.NeedFile(t, "/usr/lib/podman/netavark", "netavark")
	} else {
		host.NeedFile(t, "/usr/lib/cni/bridge", "containernetworking-plugins")
	}
	dir, err := os.MkdirTemp(host.Dir(), "podman-")
	if err != nil {
		t.Fatal(err)
	}
	p := &podman{runtime: runtime, network: network, dir: dir}
	config := fmt.Sprintf(podmanConfig, dir, runtime, network)
	storage := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = \"%[1]s/root\"\nrunroot = \"%[1]s/run\"\n", dir)
	for name, content := range map[string]string{"containers.conf": config, "storage.conf": storage} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.makeNamespaces(t)
	archive, err := host.ImageArchive()
	if err != nil {
		t.Fatal(err)
	}
	must(t, p.cmd("load", "--quiet", "--input", archive))
	return p
}

// namespaceScript prepares the namespaces: it hides what podman keeps outside of
// its own directory, and mounts each cgroup controller as v1.
const namespaceScript = `ip link set lo up || exit
for dir in /run/netns /run/containers /var/lib/cni; do
	mkdir -p $dir && mount -t tmpfs tmpfs $dir || exit
done
` + host.ControllersScript + `
echo ready && exec sleep infinity`

// makeNamespaces starts the process that keeps a network and a mount namespace.
func (p *podman) makeNamespaces(t *testing.T) {
	t.Helper()
	p.holder = host.Start(t, exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", namespaceScript, filepath.Join(p.dir, "cgroup")))
	p.holder.WaitFor(t, 10*time.Second, "namespaces for podman", func() bool {
		return strings.Contains(p.holder.Stdout.String(), "ready")
	})
	t.Cleanup(func() { p.removeNamespaces(t) })
}

// removeNamespaces removes the cgroups that podman leaves behind, which would keep
// alive a hierarchy that is mounted only here, and then the namespaces.
func (p *podman) removeNamespaces(t *testing.T) {
	t.Helper()
	execute(t, p.inside("sh", "-c", "find /sys/fs/cgroup/*/libpod_parent /sys/fs/cgroup/libpod_parent -depth -type d -exec rmdir {} +"))
	if err := p.holder.End(syscall.SIGKILL, 10*time.Second); err != nil {
		t.Error(err)
	}
	unmountUnder(t, p.dir)
	host.SettleHierarchies(t)
}

// inside returns a command that runs in the namespaces.
func (p *podman) inside(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(p.holder.Cmd.Process.Pid), "-m", "-n", "--"}, args...)...)
}

func (p *podman) cmd(args ...string) *exec.Cmd {
	cmd := p.inside(append([]string{"podman"}, args...)...)
	cmd.Env = append(os.Environ(),
		"CONTAINERS_CONF="+filepath.Join(p.dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF="+filepath.Join(p.dir, "storage.conf"))
	return cmd
}

// detach starts a container that runs until the end of the test.
func (p *podman) detach(t *testing.T, args ...string) container {
	t.Helper()
	idFile := filepath.Join(t.TempDir(), "id")
	// The monitor keeps podman's outputs open: as pipes, they would block execute.
	args = append(append([]string{"run", "-d", "--cidfile", idFile}, args...), fullImage, "sleep", "300")
	p.detached(t, args...)
	id := readFile(t, idFile)
	t.Cleanup(func() { must(t, p.cmd("rm", "--force", "--time", "0", id)) })
	return container{id, p.pid(t, id), p.runtime}
}

func (p *podman) detached(t *testing.T, args ...string) {
	t.Helper()
	log, err := os.CreateTemp(p.dir, "log-")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := p.cmd(args...)
	cmd.Stdout, cmd.Stderr = log, log
	if r := execute(t, cmd); r.code != 0 {
		t.Fatalf("podman %v: exit code %d: %s", args, r.code, readFile(t, log.Name()))
	}
}

func (p *podman) inspect(t *testing.T, id, format string) string {
	t.Helper()
	return strings.TrimSpace(must(t, p.cmd("inspect", "-f", format, id)))
}

func (p *podman) pid(t *testing.T, id string) int {
	t.Helper()
	return number(t, p.inspect(t, id, "{{.State.Pid}}"))
}

// pod starts a pod with two containers; podman starts its infra container together
// with the first.
func (p *podman) pod(t *testing.T, name string) pod {
	t.Helper()
	must(t, p.cmd("pod", "create", "--name", name))
	t.Cleanup(func() { p.removePod(t, name) })
	started := pod{name: name}
	for range 2 {
		started.containers = append(started.containers, p.detach(t, "--pod", name))
	}
	infra := strings.TrimSpace(must(t, p.cmd("pod", "inspect", "-f", "{{.InfraContainerID}}", name)))
	started.sandbox = container{infra, p.pid(t, infra), p.runtime}
	return started
}

// removePod removes a pod, and tries again if that fails: podman cannot remove the
// monitors' cgroup while one of them is still exiting.
func (p *podman) removePod(t *testing.T, name string) {
	t.Helper()
	var last result
	host.WaitFor(t, 20*time.Second, "podman to remove pod "+name, func() bool {
		last = execute(t, p.cmd("pod", "rm", "--force", "--ignore", "--time", "0", name))
		return last.code == 0
	}, func() string { return last.String() })
}
