package engine

// containerdShim is containerd's shim of API version 2, which is executed
// twice for a start: as a launcher (`... -id ID start`) and as the shim proper,
// without an action. `... delete` cleans up after a container.
var containerdShim = shim{
	executables: []string{"containerd-shim-runc-v2", "containerd-shim-runc-v1", "containerd-shim-crun-v2"},
	parse: func(args []string) (Launch, bool) {
		id := flagValue(args, "-id", "--id")
		if id == "" || args[len(args)-1] == "delete" {
			return Launch{}, false
		}
		return Launch{Engine: engineOf(flagValue(args, "-namespace", "--namespace")), ID: id}, true
	},
}

// engineOf returns the engine that uses a containerd namespace.
func engineOf(namespace string) string {
	switch namespace {
	case "moby":
		return Docker
	case "k8s.io":
		return CRI
	default:
		return Containerd
	}
}
