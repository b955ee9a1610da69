package collector

import (
	"cmp"
	"slices"
	"strings"
)

// veth is a veth pair that was made for a start.
type veth struct {
	name, peer string // as they were made
	begin, end int64
	// inside: name was made in the container's namespace; peerInside: peer was.
	inside, peerInside bool
}

// link is what is known of an interface of a start's, by its index. A move to
// another namespace keeps the index, unless it is taken there.
type link struct {
	name    string // in the namespace where it was made
	moved   bool   // into the container's namespace
	renamed string // there
	address string // there
}

// link returns what is known of the interface with that index.
func (t *attempt) link(index int) *link {
	if t.links == nil {
		t.links = make(map[int]*link)
	}
	l := t.links[index]
	if l == nil {
		l = &link{}
		t.links[index] = l
	}
	return l
}

// lacksMaking says that a veth was moved into the container whose making was not
// seen: the start began before the exporter did.
func (t *attempt) lacksMaking() bool {
	for _, l := range t.links {
		made := func(v *veth) bool { return v.name == l.name || v.peer == l.name }
		if l.moved && l.name != "" && !slices.ContainsFunc(t.veths, made) {
			return true
		}
	}
	return false
}

// lacksName says that the kernel has named the host's end of a pair (netavark
// leaves it to it): the notification about the interface that is set up next
// tells the name.
func (t *attempt) lacksName() bool {
	return slices.ContainsFunc(t.veths, func(v *veth) bool { return v.peerInside && v.name == "" })
}

// describeVeth tells the ends of a pair apart: the container's is the one that was
// made in its network namespace, or moved there.
func (t *attempt) describeVeth(v *veth) Veth {
	switch {
	case v.inside:
		return t.namedInside(Veth{Host: v.peer, Container: v.name})
	case v.peerInside:
		return t.namedInside(Veth{Host: cmp.Or(v.name, t.namedByKernel()), Container: v.peer})
	}
	for _, l := range t.links {
		if !l.moved || l.name == "" || l.name != v.name && l.name != v.peer {
			continue
		}
		host := v.name
		if l.name == v.name {
			host = v.peer
		}
		container := l.name
		if l.renamed != "" {
			container = l.renamed
		}
		return Veth{Host: host, Container: container, Address: l.address}
	}
	return Veth{Host: v.name, Container: v.peer}
}

// namedByKernel is the name of the start's one interface outside the container.
func (t *attempt) namedByKernel() string {
	var names []string
	for _, l := range t.links {
		if l.name != "" && !l.moved {
			names = append(names, l.name)
		}
	}
	if len(t.veths) != 1 || len(names) != 1 {
		return ""
	}
	return names[0]
}

// namedInside completes a pair whose one end was made in the container's
// namespace, where nobody notifies us of its index: if it is the only pair, the
// one interface that was renamed or given an address there is that end.
func (t *attempt) namedInside(v Veth) Veth {
	if len(t.veths) != 1 {
		return v
	}
	var known []*link
	for _, l := range t.links {
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
	return attributes("host", v.Host, "container", v.Container, "address", v.Address)
}

// vethEnd is where one end of a pair is seen.
type vethEnd struct {
	ns    uint32
	index int
}

// vethPair is a pair of which at least one end is in a namespace that the
// exporter listens in.
type vethPair struct {
	away    vethEnd // the end that was moved to another namespace
	told    map[vethEnd]toldEnd
	deleted bool
}

// toldEnd is what the latest notification has told of an end: there are many
// that tell nothing new.
type toldEnd struct {
	name string
	peer int
}

// vethPairs are the pairs by each end that is seen. They are for counting: a
// pair is made once and deleted once, however often its ends move.
type vethPairs map[vethEnd]*vethPair

// maxPairs bounds the table.
const maxPairs = 65536

// link takes a notification of rtnetlink.
func (a *Assembler) link(e *Event) verdict {
	if e.LinkType != "veth" || e.Index == 0 {
		return isNode
	}
	end, peer := vethEnd{e.LinkNS, e.Index}, vethEnd{e.LinkNS, e.PeerIndex}
	pair := a.pairs[end]
	if pair == nil && e.PeerIndex != 0 {
		pair = a.pairs[peer]
	}
	isNew := pair == nil
	if isNew {
		pair = &vethPair{told: make(map[vethEnd]toldEnd, 2)}
	}
	if e.Message == "RTM_DELLINK" && e.Moved {
		pair.away = end
		return a.offer(e, linkKeys(e)...)
	}
	if e.Message == "RTM_DELLINK" {
		a.unlink(e, end, pair)
		if isNew && e.PeerIndex != 0 && len(a.pairs) < maxPairs {
			a.pairs[peer] = pair // it was there before us: the other end goes next
		}
		return isNode
	}
	now := toldEnd{e.Name, e.PeerIndex}
	if before, ok := pair.told[end]; ok && before == now && pair.away != end {
		return isNode
	}
	pair.told[end] = now
	if pair.away == end {
		pair.away = vethEnd{}
	}
	if len(a.pairs) < maxPairs {
		a.pairs[end] = pair
		if e.PeerIndex != 0 {
			a.pairs[peer] = pair
		}
	}
	if isNew {
		return a.hold(newPair{heldEvent{a, e}}, linkKeys(e))
	}
	return a.offer(e, linkKeys(e)...)
}

// newPair is the notification that makes a pair known: whose that is says for
// whom the pair was made.
type newPair struct{ heldEvent }

func (p newPair) join(t *attempt) {
	p.a.observer.Veth(VethChanged{Origin: OriginStart})
	p.heldEvent.join(t)
}

func (p newPair) expire() {
	p.a.observer.Veth(VethChanged{Origin: OriginOther})
	p.heldEvent.expire()
}

// unlink takes an end away: the pair was deleted.
func (a *Assembler) unlink(e *Event, end vethEnd, pair *vethPair) {
	a.joiner.end(ifnameKey(e.LinkNS, e.Name), e.Time)
	delete(a.pairs, end)
	delete(a.pairs, pair.away) // nobody will tell us of that end
	if !pair.deleted {
		pair.deleted = true
		a.observer.Veth(VethChanged{Deleted: true})
	}
}
