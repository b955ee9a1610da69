package join

import (
	"net/netip"
	"path"
)

// Key is something by which an event can be joined to its owner. Two events with
// a key in common belong to the same owner, within one generation of the key. The
// zero value is no key.
type Key struct {
	kind  kind
	ns    uint32 // inode of the mount or network namespace that the rest is meant in
	index int
	text  string
}

type kind uint8

const (
	_         kind = iota
	path_          // ns, text
	container      // text
	netns          // ns
	iface          // ns, index
	ifname         // ns, text
	address        // ns, text
	published      // ns, text
	cgroup         // index, text
)

// Path is a path in the mount namespace with that inode number.
func Path(mntNS uint32, p string) Key { return Key{kind: path_, ns: mntNS, text: path.Clean(p)} }

// Container is a container's id.
func Container(id string) Key { return Key{kind: container, text: id} }

// Netns is the network namespace with that inode number.
func Netns(inode uint32) Key { return Key{kind: netns, ns: inode} }

// Interface is a network interface by its index in a network namespace.
func Interface(netNS uint32, index int) Key { return Key{kind: iface, ns: netNS, index: index} }

// Ifname is a network interface by its name in a network namespace.
func Ifname(netNS uint32, name string) Key { return Key{kind: ifname, ns: netNS, text: name} }

// Address is a container's IP address, as seen from a network namespace.
func Address(netNS uint32, a netip.Addr) Key { return Key{kind: address, ns: netNS, text: a.String()} }

// Published is a port that a network namespace publishes, as
// PROTOCOL/ADDRESS:PORT, without an address if it is published on all.
func Published(netNS uint32, port string) Key { return Key{kind: published, ns: netNS, text: port} }

// Cgroup is a cgroup by its path in a hierarchy, of which 0 is cgroup v2.
func Cgroup(hierarchy int, p string) Key { return Key{kind: cgroup, index: hierarchy, text: p} }

// Text is the id, path, name, address or port of a key; empty if it has none.
func (k Key) Text() string { return k.text }

// within is the key that k ends with: an interface and its name are of their
// network namespace.
func (k Key) within() (Key, bool) {
	if k.kind == iface || k.kind == ifname {
		return Netns(k.ns), true
	}
	return Key{}, false
}
