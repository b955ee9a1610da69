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

// image is what Docker's containers are made of.
const image = "busybox:local"

// docker is a Docker daemon.
type docker struct{ *daemon }

// startDocker starts the daemon and gives it the image.
func startDocker(root string) (docker, error) {
	process, err := startDaemon(nil, "dockerd", "--log-level=warn", "--storage-driver=overlay2", "--exec-opt=native.cgroupdriver=cgroupfs")
	if err != nil {
		return docker{}, err
	}
	d := docker{process}
	if err := d.waitFor("an answer", answers); err != nil {
		return d, err
	}
	archive := root + ".tar"
	if _, err := execute("tar", "-C", root, "-cf", archive, "."); err != nil {
		return d, err
	}
	_, err = execute("docker", "import", archive, image)
	return d, err
}

// answers says that the daemon does.
func answers() bool {
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

// run starts a container that stays.
func (d docker) run(name string, args ...string) (started, error) {
	s := d.started(name)
	out, err := execute("docker", slices.Concat([]string{"run", "-d"}, args, []string{image, "sleep", "3600"})...)
	s.id = strings.TrimSpace(out)
	return s, err
}

// exec executes something in a container that is there already, which is no
// start.
func (d docker) exec(s started) error {
	_, err := execute("docker", "exec", s.id, "true")
	return err
}

// fail runs a container whose entrypoint is not there.
func (d docker) fail() (started, error) {
	s := d.started("missing entrypoint")
	s.failed = "init"
	file := filepath.Join(os.TempDir(), "failed-id")
	if _, err := execute("docker", "run", "--cidfile", file, image, "/no/such/program"); err == nil {
		return s, fmt.Errorf("docker runs a program that is not there")
	}
	id, err := os.ReadFile(file)
	s.id = string(id)
	return s, err
}

func (d docker) started(name string) started {
	return started{name: "docker " + name, engine: "docker", runtime: "runc", asked: time.Now()}
}

// inspected is what docker inspect says, as far as it is looked at.
type inspected struct {
	State struct {
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

// inspect learns of the containers that Docker has started from itself, their
// bundles and /proc.
func (d docker) inspect(all []*started) error {
	args := []string{"inspect"}
	for _, s := range all {
		args = append(args, s.id)
	}
	out, err := execute("docker", args...)
	if err != nil {
		return err
	}
	var said []inspected
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return err
	}
	if len(said) != len(all) {
		return fmt.Errorf("docker tells of %d containers, not of %d", len(said), len(all))
	}
	for i, s := range all {
		if err := d.learn(s, said[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d docker) learn(s *started, said inspected) (err error) {
	s.pid, s.at = said.State.Pid, said.State.StartedAt
	if s.phases, err = d.phases(s.id); err != nil {
		return err
	}
	for _, network := range said.NetworkSettings.Networks {
		if network.IPAddress == "" {
			continue
		}
		s.veth = &veth{Container: "eth0", Address: network.IPAddress + "/" + strconv.Itoa(network.IPPrefixLen)}
		if s.veth.Host, err = s.peer("eth0"); err != nil {
			return err
		}
	}
	return s.look()
}

// phases are those of a start of the container: there is the phase hooks where
// its bundle has some, that of dockerd before version 26.
func (d docker) phases(id string) ([]string, error) {
	content, err := os.ReadFile("/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" + id + "/config.json")
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
