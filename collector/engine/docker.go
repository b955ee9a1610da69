package engine

import (
	"path"
	"strings"
)

func init() { Register(docker) }

// docker is dockerd. It starts containers by containerd, in the namespace moby.
var docker = Engine{
	Name:         Docker,
	Daemons:      []string{"dockerd"},
	Shim:         containerdShim(func(namespace string) bool { return namespace == "moby" }),
	NetworkHooks: []string{"libnetwork-setkey"}, // a prestart hook, until Docker 27
	Identify:     identifyDocker,
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
