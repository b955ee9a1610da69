package e2e

import (
	"os"
	"slices"
	"testing"
	"time"
)

// TestDockerRestarts has Docker restart a container that fails: each is a start
// of the same container.
func TestDockerRestarts(t *testing.T) {
	d := needDocker(t)
	w := watch(t)
	id := d.detach(t, "--restart", "on-failure:2", image, "sh", "-c", "exit 1")
	waitFor(t, 30*time.Second, "two restarts", func() bool {
		return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}}") == "2 exited"
	}, func() string { return d.inspect(t, id, "{{.RestartCount}} {{.State.Status}}") })
	w.wait(t, d.runTrue(t)) // what comes after it: nothing of it is to come
	checkAgain(t, w.starts(t, id), 3, func(r record) {
		checkStarted(t, r, "docker", "runc", dockerPhases)
		checkMade(t, r)
	})
}

// TestDockerStart starts a container some time after it was made, and again
// after it has stopped: each start begins when it is asked for, not when the
// container was created or the one before ended.
func TestDockerStart(t *testing.T) {
	d := needDocker(t)
	w := watchBeside(t, os.Getpid())
	o := dockerRow{network: netBridge, phases: dockerPhases, hook: true, host: os.Getpid(), events: attached(t, "events", "--format", "json")}

	idFile := t.TempDir() + "/id"
	must(t, d.cmd("create", "--cidfile", idFile, image, "sleep", "300"))
	id := readFile(t, idFile)
	t.Cleanup(func() { must(t, d.cmd("rm", "-f", id)) })
	<-time.After(3 * time.Second) // what is tested: that it is created long before
	for n := 1; n <= 2; n++ {
		asked := time.Now()
		must(t, d.cmd("start", id))
		expected := o.want(t, d, id, asked)
		waitFor(t, 20*time.Second, "the start to be reported", func() bool {
			return len(w.starts(t, id)) >= n
		}, w.stderr.String)
		all := slices.DeleteFunc(decodeLines[described](t, w.stdout.String()), func(one described) bool { return one.ContainerID != id })
		if len(all) != n {
			t.Fatalf("%d starts; want %d", len(all), n)
		}
		expected.check(t, all[n-1], os.Getpid())
		must(t, d.cmd("stop", "--time", "0", id))
	}
}
