package collector

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"container_start_exporter/collector/start"
)

// describe returns which end of a pair is the host's and which the
// container's: the container's was created in its network namespace or moved there.
func (n *netSetup) describe(v *veth) start.Veth {
	d, known := n.describeByEvent(v)
	if !known {
		d = n.describeByRequests(v)
	}
	if v.event != nil {
		d.Waited = time.Duration(v.event.Waited)
	}
	return d
}

// describeByEvent describes a pair by the driver's event: the container's end is
// the one whose index was set up in the container. known is false if neither was,
// or if the event was not seen.
func (n *netSetup) describeByEvent(v *veth) (d start.Veth, known bool) {
	if v.event == nil {
		return d, false
	}
	name, peer := v.event.Name, v.event.PeerName
	index := v.event.Index
	if l := n.links[index]; !v.inside && (v.peerInside || l == nil || !l.moved) {
		name, peer, index = peer, name, v.event.PeerIndex
	}
	l := n.links[index]
	if l == nil || l.address == "" && l.renamed == "" {
		return d, false
	}
	return start.Veth{Host: peer, Container: cmp.Or(l.renamed, name), Address: l.address}, true
}

// describeByRequests describes a pair by the requests and the notifications.
func (n *netSetup) describeByRequests(v *veth) start.Veth {
	switch {
	case v.inside:
		return n.containerEndFromLinks(start.Veth{Host: v.peer, Container: v.name})
	case v.peerInside:
		return n.containerEndFromLinks(start.Veth{Host: cmp.Or(v.name, n.hostEndFromLinks()), Container: v.peer})
	}
	l := n.movedEnd(v)
	if l == nil {
		return start.Veth{Host: v.name, Container: v.peer}
	}
	host := v.name
	if l.name == v.name {
		host = v.peer
	}
	return start.Veth{Host: host, Container: cmp.Or(l.renamed, l.name), Address: l.address}
}

// movedEnd returns the end of a pair that was moved into the container's
// namespace, nil if none was. If both were, it is the one that was set up there.
func (n *netSetup) movedEnd(v *veth) (end *link) {
	for _, index := range slices.Sorted(maps.Keys(n.links)) {
		l := n.links[index]
		if !l.moved || l.name == "" || l.name != v.name && l.name != v.peer {
			continue
		}
		if l.address != "" || l.renamed != "" {
			return l
		}
		if end == nil {
			end = l
		}
	}
	return end
}

// hostEndFromLinks returns the name of the start's one interface outside the
// container; "" if there is not exactly one, or not exactly one pair.
func (n *netSetup) hostEndFromLinks() string {
	var names []string
	for _, l := range n.links {
		if l.name != "" && !l.moved {
			names = append(names, l.name)
		}
	}
	if len(n.veths) != 1 || len(names) != 1 {
		return ""
	}
	return names[0]
}

// containerEndFromLinks completes a pair with an end that was created in the
// container's namespace, where no notification shows its index: if it is the only
// pair, the one interface that was renamed or given an address there is that end.
func (n *netSetup) containerEndFromLinks(v start.Veth) start.Veth {
	if len(n.veths) != 1 {
		return v
	}
	var known []*link
	for _, l := range n.links {
		if l.renamed != "" || l.address != "" && !strings.HasPrefix(l.address, "127.") {
			known = append(known, l)
		}
	}
	if len(known) == 1 {
		v.Container, v.Address = cmp.Or(known[0].renamed, v.Container), known[0].address
	}
	return v
}

func vethAttributes(v start.Veth) map[string]string {
	list := attributes(start.AttrHost, v.Host, start.AttrContainer, v.Container, start.AttrAddress, v.Address)
	if v.Waited > 0 {
		list[start.AttrRTNLWaitNS] = strconv.FormatInt(int64(v.Waited), 10)
	}
	return list
}
