package host

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// identity returns the names of the container and of its image: from the
// annotations of CRI's implementations, or from the state file of Docker or
// Podman. Both are empty if it finds neither.
func identity(dir location, id string, spec *specs.Spec) (name, image string) {
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

// docker reads the state that Docker keeps of a container in dir. Docker mounts
// the file on /etc/hostname from there, but a user may mount another file: the
// state counts only if it is of container id.
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

// podman reads the list of containers in the storage that contains the bundle,
// .../overlay-containers/ID/userdata. An entry's metadata is JSON in a string
// (containers/storage, libpod's containerMetadata).
func podman(dir location, id string) (name, image string) {
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

// first returns the first value that is not empty.
func first(values ...string) string {
	if i := slices.IndexFunc(values, func(v string) bool { return v != "" }); i >= 0 {
		return values[i]
	}
	return ""
}
