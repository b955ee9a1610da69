package host

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// identity is the name of the container and of its image: as the annotations
// of CRI's implementations have them, or the state file of Docker or Podman.
func identity(dir place, id string, spec *specs.Spec) (name, image string) {
	a := spec.Annotations
	name = first(a["io.kubernetes.cri.container-name"], a["io.kubernetes.container.name"])
	image = first(a["io.kubernetes.cri.image-name"], a["io.kubernetes.cri-o.ImageName"])
	if name != "" || image != "" {
		return name, image
	}
	if a["io.container.manager"] == "libpod" {
		return podman(dir, id)
	}
	for _, mount := range spec.Mounts {
		if mount.Destination == "/etc/hostname" && filepath.Base(mount.Source) == "hostname" {
			return docker(dir.root+filepath.Dir(mount.Source), id)
		}
	}
	return "", ""
}

// docker reads the directory in which Docker keeps a container's state: the
// file that it mounts on /etc/hostname lies there, unless a user has mounted
// one of his own: the state must be of that container.
func docker(dir, id string) (name, image string) {
	var state struct {
		ID     string
		Name   string
		Config struct{ Image string }
	}
	if err := readJSON(filepath.Join(dir, "config.v2.json"), &state); err != nil || state.ID != id {
		return "", ""
	}
	return strings.TrimPrefix(state.Name, "/"), state.Config.Image
}

// podman reads the list of containers in the storage that the bundle lies in:
// .../overlay-containers/ID/userdata. An entry's metadata is JSON in a string
// (containers/storage, libpod's containerMetadata).
func podman(dir place, id string) (name, image string) {
	var list []struct {
		ID       string `json:"id"`
		Metadata string `json:"metadata"`
	}
	file := dir.root + filepath.Join(dir.path, "..", "..", "containers.json")
	if err := readJSON(file, &list); err != nil {
		return "", ""
	}
	for _, c := range list {
		if c.ID != id {
			continue
		}
		var m struct {
			Name  string `json:"name"`
			Image string `json:"image-name"`
		}
		if json.Unmarshal([]byte(c.Metadata), &m) != nil {
			return "", ""
		}
		return m.Name, m.Image
	}
	return "", ""
}

// first is the first value that is not empty.
func first(values ...string) string {
	if i := slices.IndexFunc(values, func(v string) bool { return v != "" }); i >= 0 {
		return values[i]
	}
	return ""
}
