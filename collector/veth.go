package collector

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// veth is a veth pair that was created for a start.
type veth struct {
	name, peer string // as created
	begin, end int64
	// inside: name was created in the container's namespace; peerInside: peer was.
	inside, peerInside bool
	// event is the driver's event of the pair, nil if it was not seen.
	event *Event
}

// link is what is known of an interface of a start, by its index. A move to
// another namespace keeps the index, unless that is in use there.
type link struct {
	name    string // in the namespace where it was created
	moved   bool   // into the container's namespace
	renamed string // its new name there
	address string // its address there
}

// link returns what is known of the interface with that index.
func (att *attempt) link(index int) *link {
	if att.links == nil {
		att.links = make(map[int]*link)
	}
	l := att.links[index]
	if l == nil {
		l = &link{}
		att.links[index] = l
	}
	return l
}

// creationUnseen reports whether a veth was moved into the container and its
// creation was not seen: the start began before the exporter started.
func (att *attempt) creationUnseen() bool {
	for _, l := range att.links {
		isEnd := func(v *veth) bool { return v.name == l.name || v.peer == l.name }
		if l.moved && l.name != "" && !slices.ContainsFunc(att.veths, isEnd) {
			return true
		}
	}
	return false
}

// hostNameUnknown reports whether the kernel has chosen the name of the host's
// end of a pair (netavark leaves that to it): the notification about the
// interface that is set up next has the name.
func (att *attempt) hostNameUnknown() bool {
	return slices.ContainsFunc(att.veths, func(v *veth) bool { return v.peerInside && v.name == "" })
}

// describeVeth returns which end of a pair is the host's and which the
// container's: the container's was created in its network namespace or moved there.
func (att *attempt) describeVeth(v *veth) Veth {
	d, known := att.describeByEvent(v)
	if !known {
		d = att.describeByRequests(v)
	}
	if v.event != nil {
		d.Waited = time.Duration(v.event.Waited)
	}
	return d
}

// describeByEvent describes a pair by the driver's event: the container's end is
// the one whose index was set up in the container. known is false if neither was,
// or if the event was not seen.
func (att *attempt) describeByEvent(v *veth) (d Veth, known bool) {
	if v.event == nil {
		return d, false
	}
	name, peer := v.event.Name, v.event.PeerName
	index := v.event.Index
	if l := att.links[index]; !v.inside && (v.peerInside || l == nil || !l.moved) {
		name, peer, index = peer, name, v.event.PeerIndex
	}
	l := att.links[index]
	if l == nil || l.address == "" && l.renamed == "" {
		return d, false
	}
	return Veth{Host: peer, Container: cmp.Or(l.renamed, name), Address: l.address}, true
}

// describeByRequests describes a pair by the requests and the notifications.
func (att *attempt) describeByRequests(v *veth) Veth {
	switch {
	case v.inside:
		return att.containerEndFromLinks(Veth{Host: v.peer, Container: v.name})
	case v.peerInside:
		return att.containerEndFromLinks(Veth{Host: cmp.Or(v.name, att.hostEndFromLinks()), Container: v.peer})
	}
	l := att.movedEnd(v)
	if l == nil {
		return Veth{Host: v.name, Container: v.peer}
	}
	host := v.name
	if l.name == v.name {
		host = v.peer
	}
	return Veth{Host: host, Container: cmp.Or(l.renamed, l.name), Address: l.address}
}

// movedEnd returns the end of a pair that was moved into the container's
// namespace, nil if none was. If both were, it is the one that was set up there.
func (att *attempt) movedEnd(v *veth) (end *link) {
	for _, index := range slices.Sorted(maps.Keys(att.links)) {
		l := att.links[index]
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
func (att *attempt) hostEndFromLinks() string {
	var names []string
	for _, l := range att.links {
		if l.name != "" && !l.moved {
			names = append(names, l.name)
		}
	}
	if len(att.veths) != 1 || len(names) != 1 {
		return ""
	}
	return names[0]
}

// containerEndFromLinks completes a pair with an end that was created in the
// container's namespace, where no notification shows its index: if it is the only
// pair, the one interface that was renamed or given an address there is that end.
func (att *attempt) containerEndFromLinks(v Veth) Veth {
	if len(att.veths) != 1 {
		return v
	}
	var known []*link
	for _, l := range att.links {
		if l.renamed != "" || l.address != "" && !strings.HasPrefix(l.address, "127.") {
			known = append(known, l)
		}
	}
	if len(known) == 1 {
		v.Container, v.Address = cmp.Or(known[0].renamed, v.Container), known[0].address
	}
	return v
}

func (v Veth) attributes() map[string]string {
	list := attributes("host", v.Host, "container", v.Container, "address", v.Address)
	if v.Waited > 0 {
		list["rtnl_wait_ns"] = strconv.FormatInt(int64(v.Waited), 10)
	}
	return list
}
