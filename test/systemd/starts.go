package systemd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// giveImage starts the daemons by their units and gives each engine the image.
func (m *machine) giveImage(t *testing.T) {
	t.Helper()
	m.run(t, "timeout", "60", "sh", "-c", "systemctl start containerd docker || { systemctl status containerd docker; journalctl -n 60 -u containerd -u docker; false; } >&2")
	archive, err := host.ImageTar()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(m.work, "image.tar"), archive.Bytes())
	m.run(t, "sh", "-ec", importImage, m.work, image)
}

// importImage gives each engine the image $1, whose root file system is in the directory $0.
const importImage = `docker import --change 'CMD ["/bin/sleep","600"]' "$0/image.tar" "$1"
docker save --output "$0/saved.tar" "$1"
chmod a+r "$0/saved.tar"
podman load --quiet --input "$0/saved.tar"
for namespace in default k8s.io; do ctr --namespace $namespace images import "$0/saved.tar"; done`

// rootWays returns all ways to start containers as root, and prepares them.
func (m *machine) rootWays(t *testing.T) []way {
	t.Helper()
	composeFile := filepath.Join(m.work, "compose.yaml")
	writeFile(t, composeFile, []byte(project))
	const path = "/usr/local/bin/nerdctl"
	m.run(t, "ln", "-s", m.program(t, host.BuildTool(t, "testdata/nerdctl", "github.com/containerd/nerdctl/v2/cmd/nerdctl")), path)
	for _, engine := range []string{"docker", "nerdctl"} {
		m.run(t, engine, "network", "create", network)
	}
	return slices.Concat(rootWays(m.criClient(t)), networkWays(composeFile))
}

// criClient returns the path of the client of the Container Runtime Interface on the machine.
func (m *machine) criClient(t *testing.T) string {
	t.Helper()
	return m.program(t, host.BuildModule(t, "../e2e/testdata/cri"))
}

// exporter copies the exporter to the machine and returns its path.
func (m *machine) exporter(t *testing.T) string {
	t.Helper()
	return m.program(t, host.Exporter(t))
}

// program copies a program to the machine and returns its path.
func (m *machine) program(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(m.work, filepath.Base(path))
	if err := os.WriteFile(copied, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// startAll starts containers in each way, first one by one and then at once, and returns
// them by their ids.
func (m *machine) startAll(t *testing.T, ways []way, alone, atOnce int) map[string]container {
	t.Helper()
	ids := make([][]string, len(ways))
	var mu sync.Mutex
	start := func(i, number int) {
		out, err := m.output(ways[i].run(fmt.Sprintf("%s-%d", ways[i].name, number))...)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		ids[i] = append(ids[i], strings.Fields(out)...)
	}
	for number := range alone {
		for i := range ways {
			start(i, number)
		}
	}
	var running sync.WaitGroup
	for number := range atOnce {
		for i := range ways {
			running.Go(func() { start(i, alone+number) })
		}
	}
	running.Wait()
	started := map[string]container{}
	for i, w := range ways {
		m.inspect(t, w, ids[i], started)
	}
	return started
}

// cgroupsOf returns the paths of a process's cgroups as /proc has them on the machine: one
// on v2, on v1 one in each hierarchy. crun makes a cgroup in the scope in some of these.
func (m *machine) cgroupsOf(t *testing.T, pid string) (paths []string) {
	t.Helper()
	for line := range strings.Lines(m.run(t, "cat", "/proc/"+pid+"/cgroup")) {
		path := strings.SplitN(strings.TrimSpace(line), ":", 3)[2]
		if m.version == "1" || strings.HasPrefix(line, "0::") {
			paths = append(paths, "/"+m.name+path)
		}
	}
	return paths
}

// watcher is an exporter on the machine.
type watcher struct {
	*host.Process
	m      *machine
	binary string // its path on the machine
}

// attach starts an exporter on the machine that reports starts.
func (m *machine) attach(t *testing.T) watcher {
	t.Helper()
	return m.attachTo(t, "watch", "--format=json")
}

// attachTo starts an exporter on the machine by a command line.
func (m *machine) attachTo(t *testing.T, words ...string) watcher {
	t.Helper()
	binary := m.exporter(t)
	w := watcher{host.AttachCmd(t, m.command(append([]string{binary}, words...)...)), m, binary}
	t.Cleanup(func() {
		if w.Running() { // the test failed
			w.end(t)
		}
	})
	return w
}

// stop ends the exporter when it has reported a number of starts, and returns these.
func (w watcher) stop(t *testing.T, n int) []report.Start {
	t.Helper()
	host.WaitFor(t, 30*time.Second, fmt.Sprintf("%d starts", n), func() bool { return strings.Count(w.Stdout.String(), "\n") >= n },
		func() string { return fmt.Sprintf("%d are reported", strings.Count(w.Stdout.String(), "\n")) })
	w.end(t)
	return parse(t, w.Stdout.String())
}

func parse(t *testing.T, lines string) (starts []report.Start) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var s report.Start
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		starts = append(starts, s)
	}
	return starts
}

// end interrupts the exporter, whose name the kernel cuts; nsenter forwards no signals.
func (w watcher) end(t *testing.T) {
	t.Helper()
	w.m.run(t, "pkill", "--signal", "INT", "--full", "^"+w.binary+" ")
	<-w.Exited
	w.CheckRaces(t)
}
