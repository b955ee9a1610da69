package e2e

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestDockerIdentity starts containers of Docker 20.10 whose /etc/hostname is not in
// their own directory, and one that is labelled as cri-dockerd labels a sandbox: each is
// named as docker inspect names it.
func TestDockerIdentity(t *testing.T) {
	d := needDocker(t)
	hostname := writeFile(t, "hostname", "mine\n", 0o644)
	w := watch(t)
	first := d.detach(t, image, "sleep", "300")
	ids := []string{
		first,
		d.detach(t, "--network", "container:"+first, image, "sleep", "300"),
		d.detach(t, "-v", hostname+":/etc/hostname", image, "sleep", "300"),
		d.detach(t, "--network", "container:"+first, "--label", "io.kubernetes.docker.type=podsandbox", "--label", "io.kubernetes.pod.name=web-0", image, "sleep", "300"),
	}
	starts := w.wait(t, ids...)
	for i, id := range ids {
		name := strings.TrimPrefix(d.inspect(t, id, "{{.Name}}"), "/")
		kind := []string{"container", "container", "container", "sandbox"}[i]
		if s := starts[id]; s.Name != name || s.Image != image || s.Engine != "docker" || s.Kind != kind {
			t.Errorf("%s %q of image %q, engine %s; want %s %q of %q", s.Kind, s.Name, s.Image, s.Engine, kind, name, image)
		}
	}
	named := decodeLines[namedRecord](t, w.Stdout.String())
	if sandbox := slices.IndexFunc(named, func(r namedRecord) bool { return r.ContainerID == ids[3] }); named[sandbox].Pod.Name != "web-0" {
		t.Errorf("the pod is %+v", named[sandbox].Pod)
	}
}

// TestDockerNamespace starts a container by a Docker daemon that has another namespace of
// containerd. Without a bridge, that daemon removes docker0: it has its own network.
func TestDockerNamespace(t *testing.T) {
	host.NeedRoot(t)
	dir := t.TempDir()
	d := &docker{&host.Docker{Host: "unix://" + dir + "/docker.sock"}}
	d.Process = host.Start(t, exec.Command("unshare", "--net", "/usr/sbin/dockerd", "-H", d.Host, "--containerd-namespace", "mine",
		"--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid", "--bridge", "none", "--iptables=false", "--shutdown-timeout", "5"))
	t.Cleanup(func() {
		if err := d.Process.End(os.Interrupt, 30*time.Second); err != nil {
			t.Error(err)
		}
	})
	d.Process.WaitFor(t, 30*time.Second, "dockerd to answer", d.Answers)
	archive, err := host.ImageTar()
	if err != nil {
		t.Fatal(err)
	}
	load := d.cmd("import", "-", image)
	load.Stdin = archive
	must(t, load)
	w := watch(t)
	id := d.detach(t, "--network", "none", image, "sleep", "300")
	if s := w.wait(t, id)[id]; s.Engine != "docker" || s.Image != image {
		t.Errorf("engine %s, image %s", s.Engine, s.Image)
	}
}
