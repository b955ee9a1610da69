package engine

import (
	"path"
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

// identifyDocker reads the state of a container in the directory of the file that
// Docker mounts on /etc/hostname. A user may have mounted a file of another place
// there: the state must be this container's.
func identifyDocker(c Container) (Identity, bool) {
	hostname := c.Mounts["/etc/hostname"]
	if path.Base(hostname) != "hostname" {
		return Identity{}, false
	}
	var state struct {
		ID     string
		Name   string
		Config struct{ Image string }
	}
	file := path.Join(path.Dir(hostname), "config.v2.json")
	if err := c.ReadJSON(file, &state); err != nil || state.ID != c.ID {
		return Identity{}, false
	}
	return Identity{Name: strings.TrimPrefix(state.Name, "/"), Image: state.Config.Image}, true
}
