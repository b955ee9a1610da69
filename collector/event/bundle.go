package event

// Bundle is the part of a bundle's config.json by which a start is joined and
// described (OCI runtime specification, config.md).
type Bundle struct {
	Root        string            `json:"root,omitempty"`         // root.path, absolute
	Name        string            `json:"name,omitempty"`         // of the container, as its engine names it
	Image       string            `json:"image,omitempty"`        // the image's name, as the engine names it
	Engine      string            `json:"engine,omitempty"`       // the engine that has a state file about the container
	Build       bool              `json:"build,omitempty"`        // for a step of a build, as that file shows
	CgroupsPath string            `json:"cgroups_path,omitempty"` // linux.cgroupsPath
	NetnsPath   string            `json:"netns_path,omitempty"`   // the path of the network namespace to join
	Hooks       []Hook            `json:"hooks,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"` // only those that identify the container
	Security    *Security         `json:"security,omitempty"`
}

// Hook is one OCI hook of a bundle.
type Hook struct {
	Kind string `json:"kind"` // prestart, createRuntime, createContainer, startContainer, poststart, poststop
	Path string `json:"path"`
	// Args are the hook's arguments, args[0] included.
	Args []string `json:"args,omitempty"`
}

// Security is what the bundle confines the entrypoint with.
type Security struct {
	Capabilities []string `json:"capabilities,omitempty"` // bounding
	Seccomp      string   `json:"seccomp,omitempty"`      // the default action
	AppArmor     string   `json:"apparmor,omitempty"`     // the profile's name
}

// Size returns about how many bytes of memory the bundle occupies.
func (b *Bundle) Size() int {
	if b == nil {
		return 0
	}
	n := 400 + len(b.Root) + len(b.Name) + len(b.Image) + len(b.Engine) + len(b.CgroupsPath) + len(b.NetnsPath)
	for _, h := range b.Hooks {
		n += 64 + len(h.Path)
		for _, arg := range h.Args {
			n += 16 + len(arg)
		}
	}
	for name, value := range b.Annotations {
		n += 64 + len(name) + len(value)
	}
	if b.Security != nil {
		for _, c := range b.Security.Capabilities {
			n += 16 + len(c)
		}
	}
	return n
}
