package bundle

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
)

// maxFile limits the size of a file that is read, in bytes.
const maxFile = 4 << 20

// maxCapabilities limits a list of capabilities: Linux has fewer.
const maxCapabilities = 64

// read reads the config.json of a bundle, and the container's name and image from
// its engine's state. The error is that of reading the config.json.
func read(dir location, id string) (*event.Bundle, error) {
	var spec specs.Spec
	if err := readJSON(dir.file("config.json"), &spec); err != nil {
		return nil, err
	}
	b := &event.Bundle{Hooks: hooks(spec.Hooks), Annotations: identifyingAnnotations(spec.Annotations)}
	if spec.Root != nil && spec.Root.Path != "" {
		b.Root = spec.Root.Path
		if !filepath.IsAbs(b.Root) {
			b.Root = filepath.Join(dir.path, b.Root)
		}
	}
	if spec.Linux != nil {
		b.CgroupsPath = spec.Linux.CgroupsPath
		b.NetnsPath = netnsPath(spec.Linux.Namespaces)
	}
	identity := identify(dir, id, &spec)
	b.Name, b.Image = identity.Name, identity.Image
	b.Security = security(&spec)
	return b, nil
}

// hooks returns the OCI hooks of a bundle, those of each kind in the order in
// which a runtime executes them (OCI runtime specification, config.md,
// POSIX-platform Hooks).
func hooks(h *specs.Hooks) []event.Hook {
	if h == nil {
		return nil
	}
	var list []event.Hook
	for _, kind := range []struct {
		name  string
		hooks []specs.Hook
	}{
		//lint:ignore SA1019 engines still write it: Docker until 27
		{"prestart", h.Prestart}, {"createRuntime", h.CreateRuntime}, {"createContainer", h.CreateContainer},
		{"startContainer", h.StartContainer}, {"poststart", h.Poststart}, {"poststop", h.Poststop},
	} {
		for _, hook := range kind.hooks {
			list = append(list, event.Hook{Kind: kind.name, Path: hook.Path, Args: hook.Args})
		}
	}
	return list
}

// identify asks the engines who the container is, by its bundle and their state
// files.
func identify(dir location, id string, spec *specs.Spec) engine.Identity {
	mounts := make(map[string]string, len(spec.Mounts))
	for _, m := range spec.Mounts {
		mounts[m.Destination] = m.Source
	}
	return engine.Identify(engine.Container{
		ID: id, Bundle: dir.path, Annotations: spec.Annotations, Mounts: mounts,
		ReadJSON: func(path string, v any) error { return readJSON(dir.root+path, v) },
	})
}

// identifyingAnnotations returns the annotations that engines read; others may be
// private.
func identifyingAnnotations(all map[string]string) map[string]string {
	some := make(map[string]string)
	for _, key := range engine.Annotations() {
		if value, ok := all[key]; ok {
			some[key] = value
		}
	}
	return some
}

// netnsPath returns the path of the network namespace that the container joins;
// empty if the runtime creates one, or if the container shares the runtime's.
func netnsPath(list []specs.LinuxNamespace) string {
	for _, n := range list {
		if n.Type == specs.NetworkNamespace {
			return n.Path
		}
	}
	return ""
}

// security returns what confines the entrypoint, nil if the bundle has no process.
func security(spec *specs.Spec) *event.Security {
	if spec.Process == nil {
		return nil
	}
	s := &event.Security{AppArmor: spec.Process.ApparmorProfile}
	if spec.Process.Capabilities != nil {
		s.Capabilities = spec.Process.Capabilities.Bounding[:min(len(spec.Process.Capabilities.Bounding), maxCapabilities)]
	}
	if spec.Linux != nil && spec.Linux.Seccomp != nil {
		s.Seccomp = string(spec.Linux.Seccomp.DefaultAction)
	}
	return s
}

// readJSON decodes a regular file of at most maxFile bytes into v.
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
