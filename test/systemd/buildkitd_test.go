package systemd

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// buildFile has two steps that run programs. Each shows the namespaces that it is in.
const buildFile = `FROM scratch
ADD root.tar /
RUN for ns in mnt pid; do readlink /proc/self/ns/$ns; done
RUN for ns in mnt pid; do readlink /proc/self/ns/$ns; done
`

// TestBuildkitd builds an image by BuildKit's own daemon, a unit of systemd's, by a runtime of
// the name that BuildKit ships, and by runc.
func TestBuildkitd(t *testing.T) {
	m := boot(t)
	m.giveImage(t)
	dir := filepath.Join(m.work, "build")
	m.run(t, "sh", "-ec", `mkdir "$0"; docker export --output "$0/root.tar" "$(docker create `+image+`)"`, dir)
	writeFile(t, filepath.Join(dir, "Dockerfile"), []byte(buildFile))
	for _, program := range []string{"buildkitd", "buildctl"} {
		m.program(t, host.BuildTool(t, "testdata/buildkit", "github.com/moby/buildkit/cmd/"+program))
	}
	for _, runtime := range []string{"buildkit-runc", "runc"} {
		t.Run(runtime, func(t *testing.T) {
			m.run(t, "sh", "-ec", `mkdir -p "$0"; ln -s "$(command -v runc)" "$0/`+runtime+`"`, filepath.Join(m.work, runtime))
			address := m.startBuildkitd(t, runtime)
			systemd, w := observe(t), m.attach(t)
			out := m.run(t, "sh", "-ec", `exec "$@" 2>&1`, "sh", filepath.Join(m.work, "buildctl"), "--addr", address, "build", "--no-cache",
				"--progress", "plain", "--frontend", "dockerfile.v0", "--local", "context="+dir, "--local", "dockerfile="+dir)
			starts := w.stop(t, 2)
			made := systemd.stop(t)
			if len(starts) != 2 {
				t.Fatalf("%d starts of two steps", len(starts))
			}
			for _, s := range starts {
				if s.Engine != "buildkit" || s.Runtime != "runc" || s.Kind != "build" || s.Outcome != "started" || len(s.Spoiled()) > 0 {
					t.Errorf("a %s by %s and %s has %s, degraded %v: %s", s.Kind, s.Engine, s.Runtime, s.Outcome, s.Spoiled(), s.Error)
				}
				if err := s.Partition(); err != nil {
					t.Error(err)
				}
				if !slices.Contains(s.PhaseNames(), "cgroup") || made[s.Cgroup.Path] == nil || path.Base(s.Cgroup.Path) != s.ContainerID {
					t.Errorf("phases %v, cgroup %q of %s; bpftrace saw it made: %t", s.PhaseNames(), s.Cgroup.Path, s.ContainerID, made[s.Cgroup.Path] != nil)
				}
				for _, ns := range []string{"mnt", "pid"} { // the second step may have the inodes of the first again
					if want := fmt.Sprintf(" %s:[%d]\n", ns, s.Namespaces[ns]); !strings.Contains(out, want) {
						t.Errorf("%s: the steps were in\n%s", want, out)
					}
				}
			}
		})
	}
}

// startBuildkitd starts the daemon with a directory of runtimes before PATH, and returns its
// address.
func (m *machine) startBuildkitd(t *testing.T, runtimes string) (address string) {
	t.Helper()
	unit := "buildkitd-" + strconv.Itoa(len(runtimes))
	address = "unix:///run/" + unit + ".sock"
	m.run(t, "systemd-run", "--quiet", "--unit", unit, "--setenv", "PATH="+filepath.Join(m.work, runtimes)+":/usr/sbin:/usr/bin",
		filepath.Join(m.work, "buildkitd"), "--addr", address, "--root", filepath.Join(m.work, "memory", unit), "--containerd-worker=false",
		"--oci-worker=true", "--oci-worker-snapshotter=overlayfs", "--oci-worker-net=host")
	host.WaitFor(t, 30*time.Second, "buildkitd to answer", func() bool {
		return m.command(filepath.Join(m.work, "buildctl"), "--addr", address, "debug", "workers").Run() == nil
	}, func() string { return m.run(t, "journalctl", "--no-pager", "--lines", "20", "--unit", unit) })
	return address
}
