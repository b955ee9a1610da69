package e2e

import (
	"os"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestDockerRestarts makes Docker restart a container that fails: each restart is
// a start of the same container.
func TestDockerRestarts(t *testing.T) {
	d := needDocker(t)
	w := watch(t)
	id := d.detach(t, "--restart", "on-failure:2", image, "sh", "-c", "exit 1")
	host.WaitFor(t, 30*time.Second, "two restarts", func() bool {
		return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}}") == "2 exited"
	}, func() string { return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}}") })
	w.wait(t, d.runTrue(t)) // once a later start is reported, all earlier ones are
	checkRepeated(t, w.starts(t, id), 3, func(r record) {
		checkStarted(t, r, "docker", "runc", dockerPhases)
		checkCreated(t, r)
	})
}

// TestDockerStart starts a container some time after it was created, and again
// after it has stopped: each start begins when it is requested, not when the
// container was created or its previous run ended.
func TestDockerStart(t *testing.T) {
	d := needDocker(t)
	w := watchInNetns(t, os.Getpid())
	r := dockerRow{network: netBridge, phases: dockerPhases, hook: true, netnsPID: os.Getpid(), events: attach(t, "events", "--format", "json")}

	idFile := t.TempDir() + "/id"
	must(t, d.cmd("create", "--cidfile", idFile, image, "sleep", "300"))
	id := readFile(t, idFile)
	t.Cleanup(func() { must(t, d.cmd("rm", "-f", id)) })
	<-time.After(3 * time.Second) // part of the test: the container is created long before
	for n := 1; n <= 2; n++ {
		requested := time.Now()
		must(t, d.cmd("start", id))
		expected := r.expect(t, d, id, requested)
		host.WaitFor(t, 20*time.Second, "the start to be reported", func() bool {
			return len(w.starts(t, id)) >= n
		}, w.Stderr.String)
		all := slices.DeleteFunc(decodeLines[namedRecord](t, w.Stdout.String()), func(one namedRecord) bool { return one.ContainerID != id })
		if len(all) != n {
			t.Fatalf("%d starts; want %d", len(all), n)
		}
		expected.check(t, all[n-1], os.Getpid())
		must(t, d.cmd("stop", "--time", "0", id))
	}
}
