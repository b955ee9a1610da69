package engine

import (
	"encoding/json"
	"path"
	"strings"

	"container_start_exporter/collector/argv"
)

func init() { Register(podman) }

// podman has no daemon: each command starts containers itself, by conmon. The steps of a
// build are buildah's, in podman or by itself, and have no monitor.
var podman = Engine{
	Name:        Podman,
	Daemons:     []string{"podman", "buildah"},
	Builders:    []string{"podman", "buildah"},
	IsStep:      func(id, _ string) bool { return strings.HasPrefix(id, "buildah-") }, // run_common.go of buildah
	Shim:        conmon(func(exitDir string) bool { return !strings.Contains(exitDir, "/crio/") }),
	Annotations: []string{podmanManager},
	Identify:    identifyPodman,
	Pod:         podmanPod,
}

const podmanManager = "io.container.manager" // is libpod in a bundle of Podman's

// identifyPodman reads the list of containers in the storage that the bundle lies
// in: .../overlay-containers/ID/userdata. The metadata of an entry is JSON in a
// string (containerMetadata of libpod).
func identifyPodman(c Container) (Identity, bool) {
	if c.Annotations[podmanManager] != "libpod" {
		return Identity{}, false
	}
	var list []struct {
		ID       string `json:"id"`
		Metadata string `json:"metadata"`
	}
	if c.ReadJSON(path.Join(c.Bundle, "..", "..", "containers.json"), &list) != nil {
		return Identity{}, true
	}
	for _, entry := range list {
		if entry.ID != c.ID {
			continue
		}
		var m struct {
			Name  string `json:"name"`
			Image string `json:"image-name"`
		}
		_ = json.Unmarshal([]byte(entry.Metadata), &m) // what is not JSON names nothing
		return Identity{Name: m.Name, Image: m.Image}, true
	}
	return Identity{}, true
}

// podmanPod recognises the infra container, which holds the namespaces of a pod.
// Nothing in its bundle says so, but its name is the id of its pod and -infra, and
// that id is in its cgroup's path.
func podmanPod(b Bundle) (Pod, bool) {
	podID, ok := strings.CutSuffix(b.Name, "-infra")
	if !ok || len(podID) < 12 || b.Annotations[podmanManager] != "libpod" {
		return Pod{}, false
	}
	separators := strings.NewReplacer("_", "/", ".", "/", ":", "/", "-", "/")
	for element := range strings.SplitSeq(separators.Replace(b.CgroupsPath), "/") {
		if IsID(element) && element != b.ID && strings.HasPrefix(element, podID) {
			return Pod{SandboxID: b.ID, IsSandbox: true}, true
		}
	}
	return Pod{}, false
}

// conmon is the monitor of Podman and CRI-O, distinguished by the directory of its
// exit files. It is executed for an exec session as well, and for `--version`.
func conmon(owns func(exitDir string) bool) Shim {
	return Shim{
		Executables: []string{"conmon"},
		Launch: func(args []string) (Launch, bool) {
			id := argv.Value(args, "-c", "--cid")
			if id == "" || isExecSession(args) || !owns(argv.Value(args, "--exit-dir")) {
				return Launch{}, false
			}
			return Launch{ID: id, Name: argv.Value(args, "-n", "--name")}, true
		},
	}
}

// isExecSession reports whether the monitor watches an exec session: --exec, -e,
// --exec-attach, --exec-process-spec.
func isExecSession(args []string) bool {
	for _, arg := range args {
		if arg == "-e" || strings.HasPrefix(arg, "--exec") {
			return true
		}
	}
	return false
}
