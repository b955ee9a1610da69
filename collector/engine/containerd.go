package engine

import (
	"path"

	"container_start_exporter/collector/argv"
)

func init() { Register(containerd) }

// containerd serves other clients than Docker, Kubernetes and BuildKit (ctr, nerdctl),
// each in a namespace of its choice. These make mounts and networks themselves; their
// starts are containerd's.
var containerd = Engine{
	Name:        Containerd,
	Last:        true,
	Daemons:     []string{"containerd", "ctr", "nerdctl"},
	PodNetworks: CRI,
	Shim:        containerdShim(func(string) bool { return true }),
	// nerdctl labels a container, and makes its labels annotations (pkg/labels)
	Annotations: []string{"nerdctl/name"},
	Identify: func(c Container) (Identity, bool) {
		i := Identity{Name: c.Annotations["nerdctl/name"]}
		return i, i.isKnown()
	},
}

// containerdShim is containerd's shim of API version 2, for the containerd
// namespaces that an engine owns. It is executed twice for a start: as a launcher
// (`... -id ID start`) and, by that, as the shim proper without an action.
// `... delete` cleans up after a container. The shim before those, containerd-shim, has no
// -id: the directory that it is given is named by it.
func containerdShim(owns func(namespace string) bool) Shim {
	return Shim{
		Executables: []string{
			"containerd-shim-runc-v2", "containerd-shim-runc-v1", "containerd-shim-crun-v2", "containerd-shim-runsc-v1",
			"containerd-shim", "docker-containerd-shim",
		},
		OfRuntime: "containerd-shim",
		Launch: func(args []string) (Launch, bool) {
			id := argv.Value(args, "-id", "--id")
			if id == "" {
				id = lastDirectory(argv.Value(args, "-workdir", "--workdir"))
			}
			if id == "" || args[len(args)-1] == "delete" || !owns(argv.Value(args, "-namespace", "--namespace")) {
				return Launch{}, false
			}
			return Launch{ID: id}, true
		},
	}
}

// lastDirectory returns the name of a directory, by its path; empty if that has none.
func lastDirectory(dir string) string {
	if base := path.Base(dir); base != "." && base != "/" {
		return base
	}
	return ""
}
