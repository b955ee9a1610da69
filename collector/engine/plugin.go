package engine

import (
	"cmp"
	"slices"

	"container_start_exporter/collector/argv"
)

// Network is what the execution of a CNI plugin by an engine's daemon says about the
// container whose network it sets up.
type Network struct {
	Engine string // Engine.Name
	Name   string // the container's; empty for a pod
	Pod    *Pod   // whose network it is; nil if it is that of a container
	// OnlyNetwork: the engine need not execute anything else for the pod.
	OnlyNetwork bool
}

// ByPlugin reads what an engine's daemon gives to a CNI plugin: args are the values in
// CNI_ARGS (CNI specification, section 2), in which kubelet's conventions name the pod, and
// Podman's the container. It is false if the daemon is no engine's that executes plugins.
func ByPlugin(daemon, id string, args map[string]string) (Network, bool) {
	for _, e := range engines {
		if !slices.Contains(e.Daemons, argv.WithoutVersion(daemon)) {
			continue
		}
		name := args["K8S_POD_NAME"]
		switch {
		case e.Networks:
			return Network{Engine: e.Name, Name: name}, true
		case e.PodNetworks == "" || name == "":
			return Network{}, false
		}
		return Network{Engine: e.PodNetworks, OnlyNetwork: e.OnlyNetworks, Pod: &Pod{
			Name: name, Namespace: args["K8S_POD_NAMESPACE"], UID: args["K8S_POD_UID"],
			SandboxID: cmp.Or(args["K8S_POD_INFRA_CONTAINER_ID"], id), IsSandbox: true,
		}}, true
	}
	return Network{}, false
}
