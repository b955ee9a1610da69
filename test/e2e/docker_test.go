package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// docker is the Docker daemon of the tests: the one on the default socket, else
// one that the tests start, with a directory of its own.
type docker struct {
	host    string // DOCKER_HOST; empty for the default socket
	client  string
	process *host.Process // nil if the daemon ran already
	network network       // the host's state before the daemon started
}

var (
	daemon     docker
	daemonOnce sync.Once
	daemonErr  error
)

// needDocker returns the daemon, with the image in it.
func needDocker(t *testing.T) *docker {
	t.Helper()
	host.NeedRoot(t)
	daemonOnce.Do(func() { daemonErr = daemon.up() })
	if daemonErr != nil {
		t.Fatalf("no Docker: %v", daemonErr)
	}
	return &daemon
}

func (d *docker) up() error {
	if !d.answers() {
		if err := d.start(); err != nil {
			return err
		}
	}
	if d.cmd("image", "inspect", image).Run() == nil {
		return nil
	}
	archive, err := imageTar()
	if err != nil {
		return err
	}
	load := d.cmd("import", "-", image)
	load.Stdin = archive
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("import %s: %w\n%s", image, err, out)
	}
	return nil
}

func (d *docker) start() error {
	var err error
	if d.network, err = readNetwork(); err != nil {
		return err
	}
	dir := filepath.Join(host.Dir(), "docker")
	d.host = "unix://" + filepath.Join(dir, "docker.sock")
	if d.process, err = host.Launch(exec.Command("/usr/sbin/dockerd", "-H", d.host,
		"--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"),
		"--shutdown-timeout", "5")); err != nil {
		return fmt.Errorf("start dockerd (package docker.io): %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); !d.answers(); time.Sleep(50 * time.Millisecond) {
		if !d.process.Running() || time.Now().After(deadline) {
			return fmt.Errorf("dockerd does not answer:\n%s", d.process.Stderr.String())
		}
	}
	return nil
}

// answers returns whether the daemon answers a client, and remembers which: a
// client newer than the distribution's may refuse an old daemon.
func (d *docker) answers() bool {
	for _, client := range []string{"docker", "/usr/bin/docker"} {
		d.client = client
		if d.cmd("version").Run() == nil {
			return true
		}
	}
	return false
}

// stop stops the daemon if start started it, and restores what that changed on
// the host.
func (d *docker) stop() error {
	if d.process == nil {
		return nil
	}
	if err := d.process.End(os.Interrupt, 30*time.Second); err != nil {
		return err
	}
	// dockerd keeps the host's network namespace mounted there once a container has joined it.
	kept := filepath.Join(host.Dir(), "docker", "exec", "netns", "default")
	if err := unix.Unmount(kept, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("unmount %s: %w", kept, err)
	}
	return d.network.restore()
}

// cmd returns a docker command for this daemon.
func (d *docker) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command(d.client, args...)
	cmd.Env = append(os.Environ(), d.env()...)
	return cmd
}

// env returns the environment variables that make docker use this daemon.
func (d *docker) env() []string {
	if d.host == "" {
		return nil
	}
	return []string{"DOCKER_HOST=" + d.host}
}

// run runs a container to its end and returns its id; the container may fail.
func (d *docker) run(t *testing.T, args ...string) (id string, r result) {
	t.Helper()
	idFile := filepath.Join(t.TempDir(), "id")
	r = execute(t, d.cmd(append([]string{"run", "--rm", "--cidfile", idFile}, args...)...))
	content, err := os.ReadFile(idFile)
	if err != nil {
		t.Fatalf("docker run %v created no container: %v", args, r)
	}
	return string(content), r
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
