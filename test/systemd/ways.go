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
	inspect         []string                   // writes ID PID NAME IMAGE [ADDRESS] for each id that follows
	unnamed         bool                       // the engine keeps the name and the image where the exporter does not look
	noImage         bool                       // or the image only
	bridged         bool                       // its containers, or their pods, have a veth pair each
	resolver        bool                       // Docker has its resolver in the network, and rules for it in the container
	proxied         bool                       // Docker forwards a published port by a program
	remapped        bool                       // its containers have a user namespace each
	daemon          string                     // a file with the pid of its daemon, if that is in a network namespace of its own
}

// container is one as its engine's inspect has it.
type container struct {
	way         way
	pid         string // on the machine
	name, image string
	address     string // with the length of its prefix, if inspect has one
}

// words returns a way's run: words behind which the container's name, its image and its
// command follow.
func words(run ...string) func(name string) []string {
	return func(name string) []string { return append(run[:len(run):len(run)], name, image, "sleep", "600") }
}

var (
	dockerInspect = []string{"docker", "inspect", "--format", "{{.Id}} {{.State.Pid}} {{.Name}} {{.Config.Image}} " +
		"{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}}{{end}}"}
	nerdctlInspect = []string{"nerdctl", "inspect", "--format", "{{.Id}} {{.State.Pid}} {{.Name}} {{.Image}} {{.NetworkSettings.IPAddress}}/{{.NetworkSettings.IPPrefixLen}}"}
	podmanInspect  = []string{"podman", "inspect", "--format", "{{.Id}} {{.State.Pid}} {{.Name}} {{.ImageName}}"}
)

// rootWays are the ways to start containers as root; cri is the path of the client of
// the Container Runtime Interface.
func rootWays(cri string) []way {
	const socket = "unix:///run/containerd/containerd.sock"
	return []way{
		{name: "docker", engine: "docker", runtime: "runc", inspect: dockerInspect, bridged: true,
			run: words("docker", "run", "--detach", "--name")},
		{name: "podman", engine: "podman", runtime: "crun", inspect: podmanInspect,
			run: words("podman", "run", "--detach", "--network", "none", "--name")},
		{name: "podman-runc", engine: "podman", runtime: "runc", inspect: podmanInspect,
			run: words("podman", "--runtime", "runc", "run", "--detach", "--network", "none", "--name")},
		{name: "ctr", engine: "containerd", runtime: "runc", unnamed: true, inspect: []string{"sh", "-c", ctrInspect, "sh"},
			run: func(name string) []string {
				return []string{"sh", "-c", fmt.Sprintf("ctr run --detach --runc-systemd-cgroup --cpu-shares 0 --cgroup system.slice:ctr:%[1]s %[2]s %[1]s sleep 600 && echo %[1]s", name, image)}
			}},
		{name: "cri", engine: "cri", runtime: "runc", bridged: true, inspect: []string{cri, "-inspect", socket},
			run: func(name string) []string {
				parent := "kubepods-pod" + strings.ReplaceAll(name, "-", "_") + ".slice"
				return []string{cri, "-detach", "-host-port", "0", "-cgroup-parent", parent, socket, image, name, "main-of-" + name}
			}},
	}
}

// networkWays are the ways to start containers in the networks that people give them: by
// Docker and nerdctl with a published port and in a network of the user's, and as services
// of a project of docker compose, which has the file composeFile.
func networkWays(composeFile string) []way {
	compose := func(project string) []string {
		return []string{"sh", "-ec", `docker compose --project-name "$0" --file "$1" up --detach >&2
docker compose --project-name "$0" --file "$1" ps --no-trunc --quiet`, project, composeFile}
	}
	return []way{
		{name: "docker-port", engine: "docker", runtime: "runc", inspect: dockerInspect, bridged: true, proxied: true,
			run: words("docker", "run", "--detach", "--publish", "80", "--name")},
		{name: "docker-network", engine: "docker", runtime: "runc", inspect: dockerInspect, bridged: true, resolver: true,
			run: words("docker", "run", "--detach", "--network", network, "--name")},
		{name: "nerdctl", engine: "containerd", runtime: "runc", noImage: true, inspect: nerdctlInspect, bridged: true,
			run: words("nerdctl", "run", "--detach", "--pull", "never", "--publish", "80", "--name")},
		{name: "nerdctl-network", engine: "containerd", runtime: "runc", noImage: true, inspect: nerdctlInspect, bridged: true,
			run: words("nerdctl", "run", "--detach", "--pull", "never", "--network", network, "--name")},
		{name: "compose", engine: "docker", runtime: "runc", inspect: dockerInspect, bridged: true, resolver: true, run: compose},
	}
}

// network is a network of the user's, which Docker and nerdctl have.
const network = "backend"

// project is what docker compose starts: two services, in a network of the project's.
const project = `services:
  web:
    image: ` + image + `
    ports: ["80"]
  worker:
    image: ` + image + `
    depends_on: [web]
`

// remappedWay is a way to start containers by a Docker with userns-remap.
var remappedWay = way{name: "remapped", engine: "docker", runtime: "runc", inspect: dockerInspect, bridged: true, proxied: true, remapped: true,
	run: words("docker", "run", "--detach", "--publish", "80", "--name")}

// rootlessWays are the ways to start containers as the machine's user.
func rootlessWays() []way {
	as := func(run ...string) []string { return slices.Concat(asUser, run) }
	inspect, ofDocker := as(podmanInspect...), as(dockerInspect...)
	return []way{
		{name: "rootless", engine: "podman", runtime: "crun", inspect: inspect,
			run: words(as("podman", "run", "--detach", "--name")...)},
		{name: "rootless-none", engine: "podman", runtime: "crun", inspect: inspect,
			run: words(as("podman", "run", "--detach", "--network", "none", "--name")...)},
		{name: "rootless-runc", engine: "podman", runtime: "runc", inspect: inspect,
			run: words(as("podman", "--runtime", "runc", "run", "--detach", "--network", "none", "--name")...)},
		{name: "rootless-docker", engine: "docker", runtime: "runc", inspect: ofDocker, bridged: true, proxied: true, daemon: userDockerPID,
			run: words(as("docker", "run", "--detach", "--publish", "80", "--name")...)},
		{name: "rootless-docker-network", engine: "docker", runtime: "runc", inspect: ofDocker, bridged: true, resolver: true, daemon: userDockerPID,
			run: words(as("docker", "run", "--detach", "--network", network, "--name")...)},
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
		f := append(strings.Fields(line), "", "") // a sandbox has no image
		if len(f) < 5 {
			t.Fatalf("%s: inspect has %q", w.name, line)
		}
		into[f[0]] = container{way: w, pid: f[1], name: strings.TrimPrefix(f[2], "/"), image: f[3], address: f[4]}
	}
}
