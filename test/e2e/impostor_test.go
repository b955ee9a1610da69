package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// writeImpostor writes the impostor to a directory under a name and returns its
// path.
func writeImpostor(t *testing.T, dir, name string) string {
	t.Helper()
	from := host.Build(t, "container_start_exporter/test/e2e/testdata/impostor")
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(readFile(t, from)), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// readyRecord is a start with the time when its container was ready.
type readyRecord struct {
	record
	Ready int64 `json:"ready_ns"`
}

// TestForeignThreads makes a thread of an engine enter the namespaces of a
// container, and mount and listen there while others start: it is a part neither
// of that container nor of any start.
func TestForeignThreads(t *testing.T) {
	d := needDocker(t)
	r := needRuntime(t, "runc")
	w := watch(t)
	startBoth := func() (records []record) {
		for range 3 {
			docker, bare := d.detach(t, image, "sleep", "300"), r.startSleeping(t, bundle(t, "/bin/sleep", "300")).id
			both := w.wait(t, docker, bare)
			records = append(records, both[docker], both[bare])
		}
		return records
	}
	late := attach(t, "watch", "--format", "json", "--wait-ready", "--ready-timeout", "8s")
	undisturbed := startBoth()
	victim := r.startSleeping(t, bundle(t, "/bin/sleep", "300"))
	w.wait(t, victim.id)
	enterNamespaces(t, victim.pid)

	for i, one := range startBoth() {
		if one.Outcome != "started" || !slices.Equal(one.phaseNames(), undisturbed[i].phaseNames()) {
			t.Errorf("%s: %s, phases %v", one.ContainerID, one.Outcome, one.phaseNames())
		}
		if one.Counts != undisturbed[i].Counts {
			t.Errorf("counts %+v with a thread in another container; %+v without", one.Counts, undisturbed[i].Counts)
		}
	}
	if n := len(w.starts(t, victim.id)); n != 1 {
		t.Errorf("the container that was entered has %d starts", n)
	}
	host.WaitFor(t, 20*time.Second, "the end of the wait for a listen", func() bool {
		return strings.Contains(late.Stdout.String(), victim.id)
	}, late.Stderr.String)
	for _, one := range decodeLines[readyRecord](t, late.Stdout.String()) {
		if one.ContainerID == victim.id && one.Ready != 0 {
			t.Errorf("a container that never listens is ready after %v: a foreign thread listened in it", time.Duration(one.Ready))
		}
	}
}

// enterNamespaces makes a thread of a process named containerd enter the
// namespaces of process pid, until the end of the test.
func enterNamespaces(t *testing.T, pid int) {
	t.Helper()
	cmd := exec.Command(writeImpostor(t, t.TempDir(), "containerd"), strconv.Itoa(pid))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := host.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		<-p.Exited
	})
	p.WaitFor(t, 10*time.Second, "the impostor to enter", func() bool { return strings.Contains(p.Stdout.String(), "entered") })
}
