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
	Name:     Podman,
	Daemons:  []string{"podman", "buildah"},
	Networks: true,
	Builders: []string{"podman", "buildah"},
	IsStep:   func(id, _ string) bool { return strings.HasPrefix(id, "buildah-") }, // run_common.go of buildah
	Shim: conmon(
		func(exitDir string) bool { return !strings.Contains(exitDir, "/crio/") }, func(name string) string { return name },
	),
	Annotations: []string{podmanManager, podmanSandbox},
	Identify:    identifyPodman,
	Pod:         podmanPod,
}

const (
	podmanManager = "io.container.manager"          // is libpod in a bundle of Podman's
	podmanSandbox = "io.kubernetes.cri-o.SandboxID" // is the infra container's id in those of a pod's others
)

// identifyPodman reads the lists of containers in the storage that the bundle lies in:
// .../overlay-containers/ID/userdata. Those that go away when they stop (--rm, quadlets)
// have a list of their own (containers.go of containers/storage, since 1.43).
func identifyPodman(c Container) (Identity, bool) {
	if c.Annotations[podmanManager] != "libpod" {
		return Identity{}, false
	}
	for _, name := range []string{"volatile-containers.json", "containers.json"} {
		if i, ok := podmanEntry(c, path.Join(c.Bundle, "..", "..", name)); ok {
			return i, true
		}
	}
	return Identity{}, true
}

// podmanEntry finds a container in one list. The metadata of an entry is JSON in a
// string (containerMetadata of libpod).
func podmanEntry(c Container, file string) (Identity, bool) {
	var list []struct {
		ID       string `json:"id"`
		Metadata string `json:"metadata"`
	}
	if c.ReadJSON(file, &list) != nil {
		return Identity{}, false
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
	return Identity{}, false
}

// podmanPod finds the pod of a container: an annotation names the infra container, which
// holds the namespaces of the pod.
func podmanPod(b Bundle) (Pod, bool) {
	if b.Annotations[podmanManager] != "libpod" {
		return Pod{}, false
	}
	if infra := b.Annotations[podmanSandbox]; infra != "" && infra != b.ID {
		return Pod{SandboxID: infra}, true
	}
	return podmanInfra(b)
}

// podmanInfra recognises the infra container, which holds the namespaces of a pod.
// Nothing in its bundle says so, but its name is the id of its pod and -infra, and
// that id is in its cgroup's path.
func podmanInfra(b Bundle) (Pod, bool) {
	podID, ok := strings.CutSuffix(b.Name, "-infra")
	if !ok || len(podID) < 12 {
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
// exit files. It is executed for an exec session as well, and for `--version`. It is given
// the name that the engine stores the container under: nameOf returns the container's own.
func conmon(owns func(exitDir string) bool, nameOf func(stored string) string) Shim {
	return Shim{
		Executables: []string{"conmon"},
		Launch: func(args []string) (Launch, bool) {
			id := argv.Value(args, "-c", "--cid")
			if id == "" || isExecSession(args) || !owns(argv.Value(args, "--exit-dir")) {
				return Launch{}, false
			}
			return Launch{ID: id, Name: nameOf(argv.Value(args, "-n", "--name"))}, true
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
