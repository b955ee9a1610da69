// Package network knows the programs that set up a container's network: CNI
// plugins, netavark, iptables, docker's proxy. Each is data in one file; a new
// one is a new file and its line in the table below.
package network

import (
	"net/netip"
	"path"
	"strings"
)

// Run is what the execution of a network program says.
type Run struct {
	Operation  string            // cni, netavark, iptables, proxy, libnetwork
	Attributes map[string]string // what describes it
	// By these it can be joined to a start.
	ContainerID string
	NetnsPaths  []string     // where a network namespace is mounted
	Addresses   []netip.Addr // a container's
	Published   []string     // PROTOCOL/ADDRESS:PORT on the host, without an address for all
	// Teardown says that it takes a network down: no part of a start.
	Teardown bool
	// Stays says that the program runs for as long as the container does.
	Stays bool
}

// program recognises the executions of one kind of network program.
type program func(base string, args []string, env map[string]string) (Run, bool)

var programs = []program{netavark, iptables, dockerProxy, libnetwork, cni}

// Parse tells what a network program is executed for; false is no network
// program, or one that is only asked what it can do. Env is as in an Event.
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
			return r, true
		}
	}
	return Run{}, false
}

// address finds an address in a word: with a prefix, a port or neither.
func address(word string) (netip.Addr, bool) {
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

// published names a port on the host's address, or on all of them.
func published(protocol, host, port string) string {
	if a, ok := address(host); !ok || a.IsUnspecified() {
		host = ""
	}
	return strings.ToLower(protocol) + "/" + host + ":" + port
}

// value is the word after a flag.
func value(args []string, flags ...string) string {
	for i := 0; i+1 < len(args); i++ {
		for _, flag := range flags {
			if args[i] == flag {
				return args[i+1]
			}
		}
	}
	return ""
}
