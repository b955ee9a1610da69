package host

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"container_start_exporter/collector"
)

// maxFile limits the size of a file that is read, in bytes.
const maxFile = 4 << 20

// maxCapabilities limits a list of capabilities: Linux has fewer.
const maxCapabilities = 64

// annotations are those that identify a container; others may be private.
var annotations = []string{
	"io.kubernetes.cri.container-type", "io.kubernetes.cri.container-name",
	"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri.sandbox-name",
	"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-uid",
	"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ContainerType",
	"io.kubernetes.cri-o.SandboxID", "io.kubernetes.pod.name", "io.kubernetes.pod.namespace",
	"io.kubernetes.pod.uid", "io.container.manager",
}

// readBundle reads the config.json of a bundle, and the container's name and
// image. The error is that of reading the config.json.
func readBundle(dir location, id string) (*collector.Bundle, error) {
	var spec specs.Spec
	if err := readJSON(dir.file("config.json"), &spec); err != nil {
		return nil, err
	}
	b := &collector.Bundle{Hooks: hooks(spec.Hooks), Annotations: identifyingAnnotations(spec.Annotations)}
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
	b.Name, b.Image = identity(dir, id, &spec)
	b.Security = security(&spec)
	return b, nil
}

// hooks returns the OCI hooks of a bundle, those of each kind in the order in
// which a runtime executes them (OCI runtime specification, config.md,
// POSIX-platform Hooks).
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

func identifyingAnnotations(all map[string]string) map[string]string {
	some := make(map[string]string)
	for _, key := range annotations {
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
func security(spec *specs.Spec) *collector.Security {
	if spec.Process == nil {
		return nil
	}
	s := &collector.Security{AppArmor: spec.Process.ApparmorProfile}
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
