package hostile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

const (
	// innerSocket is where the inner daemon listens.
	innerSocket = "unix:///run/docker.sock"
	// innerImage is the tar file of the image, in the outer container.
	innerImage = "/image.tar"
)

// inner is a Docker daemon in a container.
type inner struct {
	outer *host.Docker
	id    string // the container's
}

// TestNested starts a container with a Docker daemon that runs in a container: a
// nested start, which is whole, is shown on request, and is none of the host's Docker.
func TestNested(t *testing.T) {
	s := newSuite(t)
	onRequest := &stream{}
	watcher := watch(t, t.TempDir(), onRequest, "--nested")
	before := s.baseline(t)
	d := s.startInner(t)
	h := honest{name: "inner", image: host.Image}
	host.Must(t, d.cmd("run", "--rm", "--network", "none", "--name", h.name, "--cidfile", "/run/inner.id", h.image, "true"))
	h.id = strings.TrimSpace(host.Must(t, d.exec("cat", "/run/inner.id")))

	watcher.WaitFor(t, 20*time.Second, "the nested start", func() bool { return len(onRequest.of(h.id)) > 0 })
	one := onRequest.of(h.id)[0]
	h.checkWhole(t, one)
	if one.Kind != "nested" || one.Runtime != "runc" {
		t.Errorf("kind %s, runtime %s; want nested, runc", one.Kind, one.Runtime)
	}
	if n := len(onRequest.of(h.id)); n != 1 {
		t.Errorf("it is reported %d times", n)
	}
	later := s.run(t)
	if s.record(t, later.id); len(s.stream.of(h.id)) > 0 {
		t.Errorf("without --nested, it is reported: %+v", s.stream.of(h.id)[0])
	}
	t.Run("idle", s.waitIdle)
	t.Run("counted", func(t *testing.T) { s.waitCounted(t, before) })
	s.checkCounted(t, before)
	m := s.scraper.metrics(t)
	for _, selector := range []scrape.Labels{nested, {"kind": "nested"}} {
		if n := increase(before.metrics, m, startsMetric, selector); n != 1 {
			t.Errorf("%v starts with %v are counted; want 1", n, selector)
		}
	}
}

// startInner starts a Docker daemon in a container, with the image in it. Its programs
// are the host's.
func (s *suite) startInner(t *testing.T) *inner {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image.tar")
	archive, err := host.ImageTar()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	d := &inner{outer: s.docker}
	// all of --privileged but a capability that the host may lack
	d.id = strings.TrimSpace(host.Must(t, s.docker.Cmd("run", "--detach", "--network", "none",
		"--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--device-cgroup-rule", "a *:* rwm",
		"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined",
		"--volume", "/sys/fs/cgroup:/sys/fs/cgroup", "--tmpfs", "/run", "--tmpfs", "/var/lib/docker:exec", "--volume", image+":"+innerImage+":ro",
		"--volume", "/usr:/usr:ro", "--volume", "/lib:/lib:ro", "--volume", "/lib64:/lib64:ro",
		host.Image, "/usr/sbin/dockerd", "--host", innerSocket, "--exec-root", "/run/docker", "--pidfile", "/run/docker.pid",
		"--bridge", "none", "--iptables=false", "--storage-driver", "vfs")))
	t.Cleanup(func() { host.Must(t, s.docker.Cmd("rm", "--force", d.id)) })
	s.expect("docker", d.id)
	host.WaitFor(t, 30*time.Second, "the inner dockerd to answer", func() bool { return d.cmd("version").Run() == nil }, func() string {
		out, _ := s.docker.Cmd("logs", d.id).CombinedOutput()
		return string(out)
	})
	host.Must(t, d.cmd("import", innerImage, host.Image))
	return d
}

// exec returns a command that executes words in the container.
func (d *inner) exec(words ...string) *exec.Cmd {
	return d.outer.Cmd(append([]string{"exec", d.id}, words...)...)
}

// cmd returns a docker command for the inner daemon.
func (d *inner) cmd(words ...string) *exec.Cmd {
	return d.exec(append([]string{"/usr/bin/docker", "--host", innerSocket}, words...)...)
}
