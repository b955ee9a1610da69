package systemd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// image is the containers' image; for Docker, localhost is a registry, too.
const image = "localhost/busybox:local"

// way is a way to start containers on the machine.
type way struct {
	name            string                     // its containers are named after it
	engine, runtime string                     // the labels of its starts
	run             func(name string) []string // starts a container, or a pod, and writes the ids
	inspect         []string                   // writes ID PID NAME IMAGE for each id that follows
	unnamed         bool                       // the engine keeps the name and the image where the exporter does not look
}

// container is one as its engine's inspect has it.
type container struct {
	way         way
	pid         string // on the machine
	name, image string
}

// words returns a way's run: words behind which the container's name, its image and its
// command follow.
func words(run ...string) func(name string) []string {
	return func(name string) []string { return append(run[:len(run):len(run)], name, image, "sleep", "600") }
}

var (
	dockerInspect = []string{"docker", "inspect", "--format", "{{.Id}} {{.State.Pid}} {{.Name}} {{.Config.Image}}"}
	podmanInspect = []string{"podman", "inspect", "--format", "{{.Id}} {{.State.Pid}} {{.Name}} {{.ImageName}}"}
)

// rootWays are the ways to start containers as root; cri is the path of the client of
// the Container Runtime Interface.
func rootWays(cri string) []way {
	const socket = "unix:///run/containerd/containerd.sock"
	return []way{
		{name: "docker", engine: "docker", runtime: "runc", inspect: dockerInspect,
			run: words("docker", "run", "--detach", "--name")},
		{name: "podman", engine: "podman", runtime: "crun", inspect: podmanInspect,
			run: words("podman", "run", "--detach", "--network", "none", "--name")},
		{name: "podman-runc", engine: "podman", runtime: "runc", inspect: podmanInspect,
			run: words("podman", "--runtime", "runc", "run", "--detach", "--network", "none", "--name")},
		{name: "ctr", engine: "containerd", runtime: "runc", unnamed: true, inspect: []string{"sh", "-c", ctrInspect, "sh"},
			run: func(name string) []string {
				return []string{"sh", "-c", fmt.Sprintf("ctr run --detach --runc-systemd-cgroup --cpu-shares 0 --cgroup system.slice:ctr:%[1]s %[2]s %[1]s sleep 600 && echo %[1]s", name, image)}
			}},
		{name: "cri", engine: "cri", runtime: "runc", inspect: []string{cri, "-inspect", socket},
			run: func(name string) []string {
				parent := "kubepods-pod" + strings.ReplaceAll(name, "-", "_") + ".slice"
				return []string{cri, "-detach", "-host-port", "0", "-cgroup-parent", parent, socket, image, name, "main-of-" + name}
			}},
	}
}

// rootlessWays are the ways to start containers as the machine's user.
func rootlessWays() []way {
	inspect := slices.Concat(asUser, podmanInspect)
	return []way{
		{name: "rootless", engine: "podman", runtime: "crun", inspect: inspect,
			run: words(append(asUser[:len(asUser):len(asUser)], "podman", "run", "--detach", "--name")...)},
		{name: "rootless-none", engine: "podman", runtime: "crun", inspect: inspect,
			run: words(append(asUser[:len(asUser):len(asUser)], "podman", "run", "--detach", "--network", "none", "--name")...)},
		{name: "rootless-runc", engine: "podman", runtime: "runc", inspect: inspect,
			run: words(append(asUser[:len(asUser):len(asUser)], "podman", "--runtime", "runc", "run", "--detach", "--network", "none", "--name")...)},
	}
}

// ctrInspect is ctr's inspect of the ids that are its arguments.
const ctrInspect = `ctr task ls >/tmp/tasks; ctr container ls >/tmp/containers
for id; do
	echo "$id $(awk -v id="$id" '$1 == id { print $2 }' /tmp/tasks) $id $(awk -v id="$id" '$1 == id { print $2 }' /tmp/containers)"
done`

// inspect returns the containers that a way has started, by their ids.
func (m *machine) inspect(t *testing.T, w way, ids []string, into map[string]container) {
	t.Helper()
	for line := range strings.Lines(m.run(t, append(w.inspect[:len(w.inspect):len(w.inspect)], ids...)...)) {
		f := append(strings.Fields(line), "") // a sandbox has no image
		if len(f) < 4 {
			t.Fatalf("%s: inspect has %q", w.name, line)
		}
		into[f[0]] = container{way: w, pid: f[1], name: strings.TrimPrefix(f[2], "/"), image: f[3]}
	}
}
