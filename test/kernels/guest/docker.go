package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// image is the image of Docker's containers.
const image = "busybox:local"

// docker is a Docker daemon.
type docker struct {
	*daemon        // nil if it is a unit
	bundles string // directory of the state of its containerd
}

// startDocker starts the daemon and imports the image.
func startDocker(root string) (docker, error) {
	process, err := startDaemon(nil, "dockerd", "--log-level=warn", "--storage-driver=overlay2", "--exec-opt=native.cgroupdriver=cgroupfs")
	if err != nil {
		return docker{}, err
	}
	d := docker{process, "/run/docker/containerd/daemon"}
	if err := d.waitFor("an answer", responds); err != nil {
		return d, err
	}
	return d, d.importImage(root)
}

// importImage makes the image of a root filesystem.
func (d docker) importImage(root string) error {
	archive := root + ".tar"
	if _, err := execute("tar", "-C", root, "-cf", archive, "."); err != nil {
		return err
	}
	_, err := execute("docker", "import", archive, image)
	return err
}

// responds returns whether the daemon answers a ping.
func responds() bool {
	connection, err := net.Dial("unix", "/run/docker.sock")
	if err != nil {
		return false
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /_ping HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	answer, err := io.ReadAll(connection)
	return err == nil && strings.HasSuffix(string(answer), "OK")
}

// run starts a container that keeps running.
func (d docker) run(name string, args ...string) (container, error) {
	c := d.container(name)
	out, err := execute("docker", slices.Concat([]string{"run", "-d"}, args, []string{image, "sleep", "3600"})...)
	c.id = strings.TrimSpace(out)
	return c, err
}

// exec executes a program in a running container, which is not a start.
func (d docker) exec(c container) error {
	_, err := execute("docker", "exec", c.id, "true")
	return err
}

// fail runs a container whose entrypoint does not exist.
func (d docker) fail() (container, error) {
	c := d.container("missing entrypoint")
	c.failed = "init"
	file := filepath.Join(os.TempDir(), "failed-id")
	if _, err := execute("docker", "run", "--cidfile", file, image, "/no/such/program"); err == nil {
		return c, fmt.Errorf("docker runs a program that does not exist")
	}
	id, err := os.ReadFile(file)
	c.id = string(id)
	return c, err
}

func (d docker) container(name string) container {
	return container{name: "docker " + name, engine: "docker", runtime: "runc", requestedAt: time.Now()}
}

// inspected is the part of docker inspect's output that is compared.
type inspected struct {
	Name   string
	Config struct{ Image string }
	State  struct {
		Pid       int
		StartedAt time.Time
	}
	NetworkSettings struct {
		Networks map[string]struct {
			IPAddress   string
			IPPrefixLen int
		}
	}
}

// inspect adds to Docker's containers what docker inspect, their bundles and
// /proc show of them.
func (d docker) inspect(all []*container) error {
	args := []string{"inspect"}
	for _, c := range all {
		args = append(args, c.id)
	}
	out, err := execute("docker", args...)
	if err != nil {
		return err
	}
	var found []inspected
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return err
	}
	if len(found) != len(all) {
		return fmt.Errorf("docker inspect shows %d containers, not %d", len(found), len(all))
	}
	for i, c := range all {
		if err := d.addFacts(c, found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d docker) addFacts(c *container, found inspected) (err error) {
	c.pid, c.startedAt = found.State.Pid, found.State.StartedAt
	c.identity = &identity{strings.TrimPrefix(found.Name, "/"), found.Config.Image}
	if c.phases, err = d.phases(c.id); err != nil {
		return err
	}
	for _, network := range found.NetworkSettings.Networks {
		if network.IPAddress == "" {
			continue
		}
		c.veth = &veth{Container: "eth0", Address: network.IPAddress + "/" + strconv.Itoa(network.IPPrefixLen)}
		if c.veth.Host, err = c.peer("eth0"); err != nil {
			return err
		}
	}
	return c.readProc()
}

// phases returns the phases of the container's start. The phase hooks is among
// them if the bundle has prestart hooks, as it does with dockerd before version
// 26.
func (d docker) phases(id string) ([]string, error) {
	content, err := os.ReadFile(d.bundles + "/io.containerd.runtime.v2.task/moby/" + id + "/config.json")
	if err != nil {
		return nil, err
	}
	var spec struct {
		Hooks map[string][]any `json:"hooks"`
	}
	if err := json.Unmarshal(content, &spec); err != nil {
		return nil, err
	}
	phases := slices.Concat([]string{"prepare", "shim"}, bare("runc").setUp(), []string{"wait", "start"})
	if len(spec.Hooks["prestart"]) > 0 {
		phases = slices.Insert(phases, slices.Index(phases, "init"), "hooks")
	}
	return phases, nil
}
