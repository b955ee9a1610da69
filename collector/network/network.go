// Package network knows the programs that set up a container's network: CNI
// plugins, netavark, iptables, docker's proxy. Each is one file; a new one is a
// new file and its entry in the list programs.
package network

import (
	"net/netip"
	"path"
	"strings"

	"container_start_exporter/collector/start"
)

// Run is the execution of a network program, as its command line describes it.
type Run struct {
	Operation  start.OperationName // cni, netavark, iptables, proxy, libnetwork
	Attributes map[string]string   // of its operation in a Start
	// The run can be joined to a start by these.
	ContainerID string
	NetnsPaths  []string     // paths at which a network namespace is mounted
	Addresses   []netip.Addr // of a container
	Published   []string     // PROTOCOL/ADDRESS:PORT on the host; no address means all
	// Teardown: it takes a network down, which is not part of a start.
	Teardown bool
	// Stays: the program runs for as long as the container does.
	Stays bool
}

// program recognises the executions of one kind of network program.
type program func(base string, args []string, env map[string]string) (Run, bool)

var programs = []program{netavark, iptables, dockerProxy, libnetwork, cni}

// Parse returns the run of a network program; false if the program is not one, or
// is only asked what it can do. Args and env are those of an Event.
func Parse(args, env []string) (Run, bool) {
	if len(args) == 0 {
		return Run{}, false
	}
	variables := make(map[string]string, len(env))
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		variables[name] = value
	}
	for _, recognise := range programs {
		if r, ok := recognise(path.Base(args[0]), args, variables); ok {
			r.bound()
			return r, true
		}
	}
	return Run{}, false
}

// The bounds of what a run keeps: any file can have the name of a network program, and
// any arguments.
const (
	maxWord      = 512 // bytes of an attribute
	maxAddresses = 16  // an iptables rule for a container has one or two
)

// bound cuts the attributes that are longer than a run keeps.
func (r *Run) bound() {
	for name, value := range r.Attributes {
		if len(value) > maxWord {
			r.Attributes[name] = strings.ToValidUTF8(strings.Clone(value[:maxWord]), "") + "..."
		}
	}
}

// parseAddress returns the address in a word: with a prefix of its full length, with
// a port, or alone.
func parseAddress(word string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(word); err == nil {
		return a, true
	}
	if p, err := netip.ParsePrefix(word); err == nil && p.IsSingleIP() {
		return p.Addr(), true
	}
	if p, err := netip.ParseAddrPort(word); err == nil {
		return p.Addr(), true
	}
	return netip.Addr{}, false
}

// publishedPort returns PROTOCOL/ADDRESS:PORT, without the address if it is any.
func publishedPort(protocol, host, port string) string {
	if a, ok := parseAddress(host); !ok || a.IsUnspecified() {
		host = ""
	}
	return strings.ToLower(protocol) + "/" + host + ":" + port
}
