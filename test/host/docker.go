package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Docker is a Docker daemon, and the client that it answers.
type Docker struct {
	Host    string   // DOCKER_HOST; empty for the default socket
	Client  string   // of docker
	Process *Process // nil if the daemon ran already
	network network  // the host's state before the daemon started
}

var (
	daemon     Docker
	daemonOnce sync.Once
	daemonErr  error
)

// NeedDocker returns the daemon of the tests, with the image in it: the one on the
// default socket, else one that is started with a directory of its own. The
// package's TestMain has to call StopDocker.
func NeedDocker(t testing.TB) *Docker {
	t.Helper()
	NeedRoot(t)
	daemonOnce.Do(func() { daemonErr = daemon.up() })
	if daemonErr != nil {
		t.Fatalf("no Docker: %v", daemonErr)
	}
	return &daemon
}

// StopDocker stops the daemon if NeedDocker started it, and restores what that
// changed on the host.
func StopDocker() error {
	if err := daemon.stop(); err != nil {
		return fmt.Errorf("stop dockerd: %w", err)
	}
	return nil
}

func (d *Docker) up() error {
	if !d.Answers() {
		if err := d.start(); err != nil {
			return err
		}
	}
	if d.Cmd("image", "inspect", Image).Run() == nil {
		return nil
	}
	archive, err := ImageTar()
	if err != nil {
		return err
	}
	load := d.Cmd("import", "-", Image)
	load.Stdin = archive
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("import %s: %w\n%s", Image, err, out)
	}
	return nil
}

func (d *Docker) start() error {
	var err error
	if d.network, err = readNetwork(); err != nil {
		return err
	}
	dir := filepath.Join(Dir(), "docker")
	d.Host = "unix://" + filepath.Join(dir, "docker.sock")
	if d.Process, err = Launch(exec.Command("/usr/sbin/dockerd", "-H", d.Host,
		"--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"),
		"--shutdown-timeout", "5")); err != nil {
		return fmt.Errorf("start dockerd (package docker.io): %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); !d.Answers(); time.Sleep(50 * time.Millisecond) {
		if !d.Process.Running() || time.Now().After(deadline) {
			return fmt.Errorf("dockerd does not answer:\n%s", d.Process.Stderr.String())
		}
	}
	return nil
}

// Answers returns whether the daemon answers a client, and remembers which: a
// client newer than the distribution's may refuse an old daemon.
func (d *Docker) Answers() bool {
	for _, client := range []string{"docker", "/usr/bin/docker"} {
		d.Client = client
		if d.Cmd("version").Run() == nil {
			return true
		}
	}
	return false
}

func (d *Docker) stop() error {
	if d.Process == nil {
		return nil
	}
	if err := d.Process.End(os.Interrupt, 30*time.Second); err != nil {
		return err
	}
	// dockerd keeps the host's network namespace mounted there once a container has joined it.
	kept := filepath.Join(Dir(), "docker", "exec", "netns", "default")
	if err := unix.Unmount(kept, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("unmount %s: %w", kept, err)
	}
	return d.network.restore()
}

// Cmd returns a docker command for this daemon.
func (d *Docker) Cmd(args ...string) *exec.Cmd {
	cmd := exec.Command(d.Client, args...)
	cmd.Env = append(os.Environ(), d.Env()...)
	return cmd
}

// Env returns the environment variables that make docker use this daemon.
func (d *Docker) Env() []string {
	if d.Host == "" {
		return nil
	}
	return []string{"DOCKER_HOST=" + d.Host}
}

// Run runs a container to its end, with the arguments of docker run, and returns
// its id, and the client, which has exited; the container may have failed.
func (d *Docker) Run(t testing.TB, args ...string) (id string, client *Process) {
	t.Helper()
	idFile := filepath.Join(t.TempDir(), "id")
	client = Execute(t, d.Cmd(append([]string{"run", "--rm", "--cidfile", idFile}, args...)...))
	content, err := os.ReadFile(idFile)
	if err != nil {
		t.Fatalf("docker run %v created no container: %s", args, client.Stderr.String())
	}
	return string(content), client
}
