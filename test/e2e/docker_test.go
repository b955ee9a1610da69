package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// docker is a Docker daemon.
type docker struct{ *host.Docker }

// The image of the containers, without its registry and with it.
const (
	image     = host.Image
	fullImage = host.FullImage
)

// needDocker returns the daemon of the tests, with the image in it.
func needDocker(t *testing.T) *docker {
	t.Helper()
	return &docker{host.NeedDocker(t)}
}

func (d *docker) cmd(args ...string) *exec.Cmd { return d.Cmd(args...) }

// run runs a container to its end and returns its id; the container may fail.
func (d *docker) run(t *testing.T, args ...string) (id string, r result) {
	t.Helper()
	id, client := d.Run(t, args...)
	return id, resultOf(client)
}

// runTrue runs a container that exits with 0, and returns its id.
func (d *docker) runTrue(t *testing.T) string {
	t.Helper()
	id, r := d.run(t, image, "true")
	if r.code != 0 {
		t.Errorf("docker run %s true: %v", image, r)
	}
	return id
}

// detach starts a container in the background, which is removed at the end of the
// test.
func (d *docker) detach(t *testing.T, args ...string) (id string) {
	t.Helper()
	out := must(t, d.cmd(append([]string{"run", "-d"}, args...)...))
	id = strings.TrimSpace(out)
	t.Cleanup(func() { must(t, d.cmd("rm", "-f", id)) })
	return id
}

// inspect returns the output of docker inspect for a container.
func (d *docker) inspect(t *testing.T, id, format string) string {
	t.Helper()
	return strings.TrimSpace(must(t, d.cmd("inspect", "-f", format, id)))
}

func (d *docker) pid(t *testing.T, id string) int {
	t.Helper()
	return number(t, d.inspect(t, id, "{{.State.Pid}}"))
}
