// Package network knows the programs that set up a container's network: CNI
// plugins, netavark, pasta, slirp4netns, iptables, what forwards ports. Each is one
// file; a new one is a new file and its entry in the list programs.
package network

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"container_start_exporter/collector/start"
)

// Run is the execution of a network program, as its command line describes it.
type Run struct {
	Operation  start.OperationName // cni, netavark, pasta, slirp4netns, iptables, proxy, libnetwork
	Attributes map[string]string   // of its operation in a Start
	// The run can be joined to a start by these.
	ContainerID string
	NetnsPaths  []string     // paths at which a network namespace is mounted
	NetnsPIDs   []int        // processes whose network namespace it is, in its own pid namespace
	Addresses   []netip.Addr // of a container
	Published   []string     // PROTOCOL/ADDRESS:PORT on the host; no address means all
	// Publishes are the ports, as in Published, that it publishes itself. It is not joined by
	// them: two containers may have tried the same one.
	Publishes []string
	// Args are those that the engine gives to a CNI plugin (CNI_ARGS) and that name what
	// the network is for.
	Args map[string]string
	// EntersNetns: it enters the network namespace that it sets up, by which it can be
	// joined too.
	EntersNetns bool
	// InNetns: it sets up the network namespace that it is executed in, by which it can be
	// joined too if a thread of its engine has entered that to execute it.
	InNetns bool
	// Teardown: it takes a network down, which is not part of a start.
	Teardown bool
	// Stays: the program runs for as long as the container does.
	Stays bool
}

// program recognises the executions of one kind of network program.
type program func(base string, args []string) (Run, bool)

// programs are those that are recognised by args[0]; a CNI plugin is recognised by its
// environment, whatever its name.
var programs = []program{netavark, pasta, slirp4netns, iptables, dockerProxy, rootlessPort, libnetwork}

// Parse returns the run of a network program; false if the program is not one, or
// is only asked what it can do. File, args and env are those of an Event.
func Parse(file string, args, env []string) (Run, bool) {
	if len(args) == 0 {
		return Run{}, false
	}
	for _, recognise := range programs {
		if r, ok := recognise(path.Base(args[0]), args); ok {
			return r.bounded(), true
		}
	}
	variables := make(map[string]string, len(env))
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		variables[name] = value
	}
	if r, ok := cni(pluginName(file, args), variables); ok {
		return r.bounded(), true
	}
	return Run{}, false
}

// The bounds of what a run keeps: any file can have the name of a network program, and
// any arguments.
const (
	maxWord      = 512 // bytes of an attribute
	maxAddresses = 16  // an iptables rule for a container has one or two
)

// bounded returns the run with the attributes cut that are longer than a run keeps, and
// the network namespaces of processes apart from those that are mounted.
func (r Run) bounded() Run {
	for name, value := range r.Attributes {
		if len(value) > maxWord {
			r.Attributes[name] = strings.ToValidUTF8(strings.Clone(value[:maxWord]), "") + "..."
		}
	}
	paths := r.NetnsPaths
	r.NetnsPaths = nil
	for _, p := range paths {
		if pid, ok := netnsPID(p); ok {
			r.NetnsPIDs = append(r.NetnsPIDs, pid)
		} else {
			r.NetnsPaths = append(r.NetnsPaths, p)
		}
	}
	return r
}

// netnsPID returns the process whose network namespace a path in /proc is: /proc/PID/ns/net,
// or that of a thread, /proc/PID/task/TID/ns/net.
func netnsPID(p string) (pid int, ok bool) {
	words := strings.Split(path.Clean(p), "/")
	if len(words) == 7 && words[3] == "task" {
		words = slices.Delete(words, 3, 5)
	}
	if len(words) != 5 || words[0] != "" || words[1] != "proc" || words[3] != "ns" || words[4] != "net" {
		return 0, false
	}
	return parsePID(words[2])
}

// parsePID returns the pid that a word is; false if it is none.
func parsePID(word string) (pid int, ok bool) {
	pid, err := strconv.Atoi(word)
	return pid, err == nil && pid > 0
}

// parseAddress returns the address in a word: with a prefix of its full length, with
// a port, or alone.
func parseAddress(word string) (netip.Addr, bool) {
	if !strings.ContainsAny(word, ".:") { // most words: each error below would be allocated
		return netip.Addr{}, false
	}
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
