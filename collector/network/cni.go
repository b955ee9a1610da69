package network

import "container_start_exporter/collector/start"

// cni recognises CNI plugins, any program whose environment has a CNI command (CNI
// specification, section 2). An ADD is part of a start. A VERSION, which Podman asks
// for before every command, sets nothing up and is not recognised.
func cni(base string, _ []string, env map[string]string) (Run, bool) {
	command := env["CNI_COMMAND"]
	if command != "ADD" && command != "DEL" && command != "CHECK" {
		return Run{}, false
	}
	r := Run{
		Operation:   start.OpCNI,
		Attributes:  map[string]string{start.AttrPlugin: base, start.AttrCommand: command},
		ContainerID: env["CNI_CONTAINERID"],
		Teardown:    command != "ADD",
	}
	if p := env["CNI_NETNS"]; p != "" {
		r.NetnsPaths = []string{p}
	}
	return r, true
}
