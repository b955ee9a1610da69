package host

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"container_start_exporter/collector"
)

// maxFile bounds a file that is read, in bytes.
const maxFile = 4 << 20

// annotations are those that identify a container; others are nobody's business.
var annotations = []string{
	"io.kubernetes.cri.container-type", "io.kubernetes.cri.container-name",
	"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri.sandbox-name",
	"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-uid",
	"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ContainerType",
	"io.container.manager",
}

// readBundle reads the config.json of a bundle, and who the container is.
func readBundle(dir place, id string) (*collector.Bundle, error) {
	var spec specs.Spec
	if err := readJSON(dir.file("config.json"), &spec); err != nil {
		return nil, err
	}
	b := &collector.Bundle{Hooks: hooks(spec.Hooks), Annotations: identifying(spec.Annotations)}
	if spec.Root != nil && spec.Root.Path != "" {
		b.Root = spec.Root.Path
		if !filepath.IsAbs(b.Root) {
			b.Root = filepath.Join(dir.path, b.Root)
		}
	}
	if spec.Linux != nil {
		b.CgroupsPath = spec.Linux.CgroupsPath
	}
	b.Name, b.Image = identity(dir, id, &spec)
	return b, nil
}

// hooks lists all hooks of a bundle in the order in which a runtime executes
// those of each kind (OCI runtime specification, config.md, POSIX-platform Hooks).
func hooks(h *specs.Hooks) []collector.Hook {
	if h == nil {
		return nil
	}
	var list []collector.Hook
	for _, kind := range []struct {
		name  string
		hooks []specs.Hook
	}{
		{"prestart", h.Prestart}, {"createRuntime", h.CreateRuntime}, {"createContainer", h.CreateContainer},
		{"startContainer", h.StartContainer}, {"poststart", h.Poststart}, {"poststop", h.Poststop},
	} {
		for _, hook := range kind.hooks {
			list = append(list, collector.Hook{Kind: kind.name, Path: hook.Path, Args: hook.Args})
		}
	}
	return list
}

func identifying(all map[string]string) map[string]string {
	some := make(map[string]string)
	for _, key := range annotations {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some
}

// identity is the name of the container and of its image: as CRI's annotations
// have them, or Docker's state file.
func identity(dir place, id string, spec *specs.Spec) (name, image string) {
	name = spec.Annotations["io.kubernetes.cri.container-name"]
	image = spec.Annotations["io.kubernetes.cri.image-name"]
	if name != "" || image != "" {
		return name, image
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

// readJSON reads a regular file of bounded size.
func readJSON(name string, v any) error {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("stat: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return fmt.Errorf("read %s: not a regular file of at most %d bytes", name, maxFile)
	}
	if err := json.NewDecoder(io.LimitReader(f, maxFile)).Decode(v); err != nil {
		return fmt.Errorf("decode %s: %w", name, err)
	}
	return nil
}
