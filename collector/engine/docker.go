package engine

import (
	"errors"
	"path"
	"slices"
	"strings"
)

func init() { Register(docker) }

// docker is dockerd. It starts containers by containerd, in the namespace moby, and its
// plugins in plugins.moby; --containerd-namespace renames the first.
var docker = Engine{
	Name:         Docker,
	Daemons:      []string{"dockerd"},
	Shim:         containerdShim(ownsDockerNamespace),
	OwnsState:    ownsDockerState,
	NetworkHooks: []string{"libnetwork-setkey"}, // a prestart hook, until Docker 27
	Identify:     identifyDocker,
	Pod:          dockerPod,
}

// ownsDockerNamespace recognises Docker's namespaces. With --userns-remap, -UID.GID of
// the remapped root is appended to either (remapContainerdNamespace of moby).
func ownsDockerNamespace(namespace string) bool {
	name, ids, remapped := strings.Cut(namespace, "-")
	if name != "moby" && name != "plugins.moby" {
		return false
	}
	uid, gid, ok := strings.Cut(ids, ".")
	return !remapped || ok && isNumber(uid) && isNumber(gid)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// ownsDockerState recognises the directory EXEC-ROOT/runtime-runc/NAMESPACE, which
// dockerd gives to the runtime whatever the namespace is called (daemon/runtime_unix.go of
// moby; before Docker 23, the runtime's name was in the place of runc).
func ownsDockerState(root string) bool {
	return path.IsAbs(root) && strings.HasPrefix(path.Base(path.Dir(path.Clean(root))), "runtime-")
}

// identifyDocker reads the state of a container in the directory that Docker has for it.
// The first file that is there decides, so that a bundle cannot have many read.
func identifyDocker(c Container) (Identity, bool) {
	if strings.Contains(c.ID, "/") {
		return Identity{}, false
	}
	for _, dir := range dockerContainers(c) {
		var state dockerState
		err := c.ReadJSON(path.Join(dir, c.ID, "config.v2.json"), &state)
		if errors.Is(err, ErrNoFile) {
			continue
		}
		return state.identity(), err == nil && state.ID == c.ID
	}
	return Identity{}, false
}

// dockerContainers returns where the directories of Docker's containers may be, the
// likelier first: DATA-ROOT/containers, by the root directory, which storage drivers have
// at DATA-ROOT/DRIVER/LAYER/merged or at the same depth; or by the files in the directory of
// a container that Docker mounts, of another one if the network of that is shared. A user may
// have mounted other files on these.
func dockerContainers(c Container) []string {
	dirs := []string{path.Join(c.Root, "..", "..", "..", "containers")}
	for _, name := range []string{"hostname", "hosts", "resolv.conf"} {
		source := c.Mounts["/etc/"+name]
		if dir := path.Join(source, "..", ".."); path.Base(source) == name && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// dockerState is what is read of a container's config.v2.json (container.Container of moby).
type dockerState struct {
	ID      string
	Name    string
	LogPath string
	Config  struct {
		Image       string
		Entrypoint  []string
		Healthcheck struct{ Test []string }
		Labels      map[string]string
	}
}

// isBuildStep recognises what the classic builder runs a step of a build in: the image by
// its id, without its entrypoint, its health check and a log (dispatchRun and
// hostConfigFromOptions of moby's builder/dockerfile). Nothing says it in one place.
func (s dockerState) isBuildStep() bool {
	c := s.Config
	return strings.HasPrefix(c.Image, "sha256:") && s.LogPath == "" &&
		len(c.Entrypoint) == 0 && slices.Equal(c.Healthcheck.Test, []string{"NONE"})
}

func (s dockerState) identity() Identity {
	i := Identity{
		Name: strings.TrimPrefix(s.Name, "/"), Image: s.Config.Image, Engine: Docker, Build: s.isBuildStep(),
		Annotations: map[string]string{},
	}
	for _, label := range dockerPodLabels {
		if value, ok := s.Config.Labels[label]; ok {
			i.Annotations[label] = value
		}
	}
	return i
}

// dockerPodLabels are the labels by which cri-dockerd, which starts pods by Docker, marks
// the containers of a pod (core/docker_service.go of cri-dockerd).
var dockerPodLabels = []string{
	"io.kubernetes.docker.type", "io.kubernetes.sandbox.id",
	"io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid",
}

// dockerPod finds the pod of a container that cri-dockerd has Docker start.
func dockerPod(b Bundle) (Pod, bool) {
	kind := b.Annotations["io.kubernetes.docker.type"]
	if kind == "" {
		return Pod{}, false
	}
	return Pod{
		Name:      b.Annotations["io.kubernetes.pod.name"],
		Namespace: b.Annotations["io.kubernetes.pod.namespace"],
		UID:       b.Annotations["io.kubernetes.pod.uid"],
		SandboxID: b.Annotations["io.kubernetes.sandbox.id"],
		IsSandbox: kind == "podsandbox",
	}, true
}
