package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// containerfile has two steps that run a program.
func containerfile(t *testing.T, from string) string {
	t.Helper()
	return writeFile(t, "Containerfile", "FROM "+from+"\nRUN true\nRUN true && true\n", 0o644)
}

// checkBuild waits for the starts of two steps of a build.
func checkBuild(t *testing.T, w *watcher, engine, runtime string) {
	t.Helper()
	var found []record
	host.WaitFor(t, 20*time.Second, "two steps of a build", func() bool {
		found = decodeLines[record](t, w.Stdout.String())
		return len(found) >= 2
	}, w.Stdout.String)
	for _, s := range found {
		if s.Engine != engine || s.Runtime != runtime || s.Kind != "build" || s.Outcome != "started" {
			t.Errorf("a %s by %s and %s: %s; want a build by %s and %s", s.Kind, s.Engine, s.Runtime, s.Outcome, engine, runtime)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d starts; want 2", len(found))
	}
}

// TestPodmanBuild builds an image with Podman, by each runtime.
func TestPodmanBuild(t *testing.T) {
	for _, runtime := range []string{"crun", "runc"} {
		t.Run(runtime, func(t *testing.T) {
			p := needPodman(t, runtime, "netavark")
			file := containerfile(t, fullImage)
			w := watch(t)
			// It fails in the end: the image of the tests has no history.
			execute(t, p.cmd("build", "--isolation", "oci", "--network", "none", "--no-cache", "-f", file, filepath.Dir(file)))
			checkBuild(t, w, "podman", runtime)
		})
	}
}

// TestDockerBuild builds an image with either builder of Docker 20.10, by a client that
// needs no plugin for that.
func TestDockerBuild(t *testing.T) {
	d := needDocker(t)
	file := containerfile(t, image)
	for buildKit, engine := range map[string]string{"DOCKER_BUILDKIT=1": "buildkit", "DOCKER_BUILDKIT=0": "docker"} {
		t.Run(engine, func(t *testing.T) {
			w := watch(t)
			build := exec.Command("/usr/bin/docker", "build", "--network", "none", "--no-cache", "-f", file, filepath.Dir(file))
			build.Env = append(d.Env(), buildKit)
			must(t, build)
			checkBuild(t, w, engine, "runc")
		})
	}
}
