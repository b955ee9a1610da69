package network

import (
	"path"
	"slices"
	"strings"

	"container_start_exporter/collector/start"
)

// plugins are the CNI plugins that are known by name, wherever they are: those of the CNI
// project, and the main ones of others.
var plugins = []string{
	"bandwidth", "bridge", "dhcp", "dummy", "firewall", "host-device", "host-local", "ipvlan", "loopback", "macvlan",
	"portmap", "ptp", "sbr", "static", "tap", "tuning", "vlan", "vrf",

	"antrea", "aws-cni", "azure-ipam", "azure-vnet", "azure-vnet-ipam", "calico", "calico-ipam", "cilium-cni", "egress-cni",
	"flannel", "ib-sriov", "istio-cni", "kube-ovn", "linkerd-cni", "multus", "multus-shim", "ovn-k8s-cni-overlay", "ovs",
	"sriov", "weave-ipam", "weave-net", "whereabouts",
}

// Plugins returns the base names of the CNI plugins that are known by name.
func Plugins() []string { return slices.Clone(plugins) }

// cni recognises CNI plugins, any program whose environment has a CNI command (CNI
// specification, section 2). An ADD is part of a start. A VERSION, which Podman asks
// for before every command, sets nothing up and is not recognised.
func cni(plugin string, env map[string]string) (Run, bool) {
	command := env["CNI_COMMAND"]
	if command != "ADD" && command != "DEL" && command != "CHECK" {
		return Run{}, false
	}
	r := Run{
		Operation:   start.OpCNI,
		Attributes:  map[string]string{start.AttrPlugin: plugin, start.AttrCommand: command},
		ContainerID: env["CNI_CONTAINERID"],
		Args:        cniArgs(env["CNI_ARGS"]),
		EntersNetns: true,
		Teardown:    command != "ADD",
	}
	if p := env["CNI_NETNS"]; p != "" {
		r.NetnsPaths = []string{p}
	}
	return r, true
}

// podArgs are the names in CNI_ARGS by which kubelet's engines name a pod, and Podman a
// container.
var podArgs = []string{"K8S_POD_NAME", "K8S_POD_NAMESPACE", "K8S_POD_UID", "K8S_POD_INFRA_CONTAINER_ID"}

// cniArgs reads CNI_ARGS, NAME=VALUE;NAME=VALUE; nil if none of the names is one of podArgs.
func cniArgs(text string) (args map[string]string) {
	for pair := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if !slices.Contains(podArgs, name) {
			continue
		}
		if args == nil {
			args = make(map[string]string)
		}
		args[name] = value
	}
	return args
}

// pluginName returns the name of a plugin: that of the file that is executed, as args[0]
// of a script is its interpreter. A file that is named by a descriptor has none.
func pluginName(file string, args []string) string {
	if file == "" || strings.HasPrefix(file, "/proc/") || strings.HasPrefix(file, "/dev/fd/") {
		file = args[0]
	}
	return path.Base(file)
}
