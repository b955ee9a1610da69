package bundle

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
)

// Bounds of what is read of a config.json. A longer string is absent; what is beyond
// a number of elements is skipped. What is kept of one config.json is less than
// 64 KiB.
const (
	maxConfig       = 1 << 20   // bytes; a larger file is not read
	maxPath         = 4096      // bytes: PATH_MAX
	maxName         = 512       // bytes of a name, an image (at most 255 and a tag of 128), an annotation
	maxCapability   = 32        // bytes
	maxCapabilities = 64        // Linux has fewer
	maxMounts       = 4096      // that are looked at
	maxMountBytes   = 128 << 10 // of all mounts, which are kept until the container is identified
	maxNamespaces   = 64        // that are looked at
	maxHooks        = 64
	maxHookArgs     = 16
	maxHookArg      = 256      // bytes
	maxHookBytes    = 16 << 10 // of all hooks
)

// config is what is read of a config.json (OCI runtime specification, config.md).
type config struct {
	root        string
	cgroupsPath string
	netns       string // the path of the network namespace to join
	hooks       [][]event.Hook
	annotations map[string]string
	mounts      map[string]string // of files and directories: source by destination

	hasProcess        bool
	capabilities      []string // bounding
	appArmor, seccomp string
}

// hookKinds are the kinds of hooks in the order in which a runtime executes them
// (config.md, POSIX-platform Hooks).
var hookKinds = []string{"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}

// wantedAnnotations are those that engines read; others may be private. Engines are
// registered before any bundle is read.
var wantedAnnotations = sync.OnceValue(engine.Annotations)

// readConfig reads a config.json. It does not read what is behind the object.
func readConfig(r io.Reader) (*config, error) {
	p := &parser{
		decoder: newDecoder(r), hooksLeft: maxHooks, hookBytes: maxHookBytes, mountBytes: maxMountBytes,
		config: config{
			hooks: make([][]event.Hook, len(hookKinds)), annotations: map[string]string{}, mounts: map[string]string{},
		},
	}
	if err := p.parse(); err != nil {
		return nil, fmt.Errorf("decode config.json: %w", err)
	}
	return &p.config, nil
}

// bundle returns what is kept of the config.json in a directory.
func (c *config) bundle(dir string) *event.Bundle {
	b := &event.Bundle{
		Root: c.root, CgroupsPath: c.cgroupsPath, NetnsPath: c.netns,
		Hooks: slices.Concat(c.hooks...), Annotations: c.annotations,
	}
	if b.Root != "" && !filepath.IsAbs(b.Root) {
		b.Root = filepath.Join(dir, b.Root)
	}
	if c.hasProcess {
		b.Security = &event.Security{Capabilities: c.capabilities, Seccomp: c.seccomp, AppArmor: c.appArmor}
	}
	return b
}
