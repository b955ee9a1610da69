package network

import (
	"net/netip"
	"slices"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/start"
)

// iptables recognises iptables and ip6tables. A rule for a container has its
// address, or the port that is published for it, or is made in its network namespace (those
// for Docker's resolver, by a thread of dockerd since 24); other runs are joined only through the
// process that executes them.
func iptables(base string, args []string) (Run, bool) {
	switch base {
	case "iptables", "ip6tables", "iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy":
	default:
		return Run{}, false
	}
	r := Run{Operation: start.OpIptables, InNetns: true, Attributes: map[string]string{start.AttrProgram: base}}
	for _, flag := range []string{"-A", "-I", "-N", "-C", "-D", "-X", "-F"} {
		if chain := argv.Value(args, flag); chain != "" {
			r.Attributes[start.AttrRule] = flag + " " + chain
			r.Teardown = slices.Contains([]string{"-D", "-X", "-F"}, flag)
			break
		}
	}
	for _, word := range args {
		if len(r.Addresses) == maxAddresses {
			break
		}
		if a, ok := parseAddress(word); ok && !a.IsUnspecified() && !a.IsLoopback() {
			r.Addresses = append(r.Addresses, a)
		}
	}
	host := argv.Value(args, "-d")
	if port := argv.Value(args, "--dport"); port != "" && !r.namesOther(host) {
		r.Published = []string{publishedPort(argv.Value(args, "-p"), host, port)}
	}
	return r, true
}

// namesOther reports whether the run has an address other than that in a word: one of a
// container is a better key than a port, which another container may have tried before.
func (r Run) namesOther(word string) bool {
	one, _ := parseAddress(word)
	return slices.ContainsFunc(r.Addresses, func(a netip.Addr) bool { return a != one })
}
