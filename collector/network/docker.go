package network

import (
	"net/netip"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/start"
)

// dockerProxy recognises docker-proxy, which listens on a published port, and what a
// rootless dockerd executes in its place: that has the port forwarded to its network
// namespace before it executes docker-proxy there.
func dockerProxy(base string, args []string) (Run, bool) {
	if base != "docker-proxy" && base != "rootlesskit-docker-proxy" {
		return Run{}, false
	}
	port := publishedPort(argv.Value(args, "-proto"), argv.Value(args, "-host-ip"), argv.Value(args, "-host-port"))
	r := Run{Operation: start.OpProxy, Attributes: map[string]string{start.AttrPort: port}, Publishes: []string{port}, Stays: true}
	if a, err := netip.ParseAddr(argv.Value(args, "-container-ip")); err == nil {
		r.Addresses = []netip.Addr{a}
	} else {
		r.Published = r.Publishes
	}
	return r, true
}

// libnetwork recognises dockerd when it executes itself inside a container's network
// namespace (moby, libnetwork/osl: set-ipv6 and similar, until 23).
func libnetwork(base string, args []string) (Run, bool) {
	if base != "set-ipv6" && base != "setup-resolver" && base != "set-default-vlan" || len(args) < 2 || args[1] == "" {
		return Run{}, false
	}
	return Run{
		Operation:  start.OpLibnetwork,
		Attributes: map[string]string{start.AttrCommand: base},
		NetnsPaths: []string{args[1]},
	}, true
}
