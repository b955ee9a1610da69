package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// gVisorConfig makes runsc a runtime of Docker's. What it would need of the host is left out:
// the container has neither a network nor a limit.
const gVisorConfig = `{"runtimes": {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--network=none", "--ignore-cgroups"]}}}`

// TestGVisor starts containers by a runtime that never executes the entrypoint on the host:
// a start ends when the runtime's start command has.
func TestGVisor(t *testing.T) {
	host.NeedProgram(t, "runsc", "runsc")
	m := needMoby(t, "--config-file", writeFile(t, "daemon.json", gVisorConfig, 0o644))
	s, w := serve(t), watch(t)
	names := map[string]string{} // by id
	for i := range 3 {
		name := fmt.Sprint("gvisor-", i)
		id, r := m.run(t, "--name", name, "--runtime", "runsc", "--network", "none", image, "echo", "inside")
		if r.code != 0 || r.stdout != "inside\n" {
			t.Fatal(r)
		}
		names[id] = name
	}
	for id, one := range w.wait(t, slices.Collect(maps.Keys(names))...) {
		checkStarted(t, one, "docker", "runsc", []string{"prepare", "shim", "create", "wait", "start"})
		if one.Name != names[id] || one.Image != image {
			t.Errorf("%q of %q; want %q of %q", one.Name, one.Image, names[id], image)
		}
	}
	for _, command := range []string{"create", "start"} {
		host.WaitFor(t, 10*time.Second, "three times runsc "+command, func() bool {
			return s.scrape(t).Sum("container_start_runtime_command_duration_seconds", scrape.Labels{"runtime": "runsc", "command": command}) == 3
		}, s.Stderr.String)
	}
	if n := s.scrape(t).Sum("container_starts_total", scrape.Labels{"engine": "docker", "runtime": "runsc"}); n != 3 {
		t.Errorf("%v starts are counted, want 3", n)
	}
	nothingInProgress(t, s)
}
