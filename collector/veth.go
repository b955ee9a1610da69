package collector

import (
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// onVethNewlink handles the creation of a pair, as the driver reports it for all
// network namespaces. A notification may have come before.
func (a *Assembler) onVethNewlink(e *event.Event) disposition {
	if e.Ret < 0 {
		return unrelated
	}
	a.veths.create(e)
	a.node.NodeFact(VethTime{Duration: time.Duration(e.Duration), Waited: time.Duration(e.Waited)})
	p := a.processes.find(e.PID, e.StartTime)
	if att := p.currentStart(); att != nil {
		a.apply(att, e)
		return joined
	}
	if p != nil && p.netTool != nil {
		return p.netTool.onEvent(e)
	}
	return a.deferEvent(e, vethKeys(e)...)
}

// vethKeys returns the keys of a pair in an event of the driver: its interfaces and
// their network namespaces.
func vethKeys(e *event.Event) []join.Key {
	keys := []join.Key{join.Interface(e.LinkNS, e.Index), join.Ifname(e.LinkNS, e.Name)}
	if e.PeerIndex != 0 {
		keys = append(keys, join.Interface(e.TargetNS, e.PeerIndex), join.Ifname(e.TargetNS, e.PeerName),
			join.Netns(e.TargetNS))
	}
	return append(keys, join.Netns(e.LinkNS))
}

// applyVethCreated adds a pair that the driver reports to the start that it was
// created for.
func (a *Assembler) applyVethCreated(att *attempt, e *event.Event) {
	a.countVeth(e, OriginStart)
	att.network.addEvent(e)
	att.origin.joins.Own(att, e.Time, join.Interface(e.LinkNS, e.Index), join.Ifname(e.LinkNS, e.Name))
	if e.PeerIndex != 0 {
		att.origin.joins.Own(att, e.Time, join.Interface(e.TargetNS, e.PeerIndex), join.Ifname(e.TargetNS, e.PeerName))
	}
}

// countVeth reports a new pair to the observer once: the driver and rtnetlink both
// report it.
func (a *Assembler) countVeth(e *event.Event, origin Origin) {
	if a.veths.count(e) {
		a.node.NodeFact(VethChanged{Origin: origin})
	}
}

// onVethDellink handles the deletion of a pair, as the driver reports it. In a node that
// is a container, the kernel deletes the pairs of other nodes, too: what no process of
// this one deletes is of this one only if it is known.
func (a *Assembler) onVethDellink(e *event.Event) disposition {
	if e.PID == 0 && !a.veths.knows(e) {
		return unrelated
	}
	a.origins.retire(join.Ifname(e.LinkNS, e.Name), e.Time)
	a.origins.retire(join.Ifname(e.TargetNS, e.PeerName), e.Time)
	if a.veths.delete(e) {
		a.node.NodeFact(VethChanged{Deleted: true})
	}
	return unrelated
}

// onLink handles a notification of rtnetlink.
func (a *Assembler) onLink(e *event.Event) disposition {
	if e.LinkType != "veth" || e.Index == 0 {
		return unrelated
	}
	switch a.veths.notify(e) {
	case vethCreated:
		d := a.deferred(e, linkKeys(e))
		return a.deferJoin(newPair{d}, d.o, d.size, linkKeys(e))
	case vethChanged:
		return a.deferEvent(e, linkKeys(e)...)
	case vethDeleted:
		a.node.NodeFact(VethChanged{Deleted: true})
		fallthrough
	case vethGone:
		a.origins.retire(join.Ifname(e.LinkNS, e.Name), e.Time)
	}
	return unrelated
}

// newPair is the notification that makes a pair known: the pair was created for
// the start that it is joined to.
type newPair struct{ deferredEvent }

// Resolve counts the pair as created for a start.
func (n newPair) Resolve(att *attempt) {
	n.a.countVeth(n.e, OriginStart)
	n.deferredEvent.Resolve(att)
}

// Expire counts the pair as created for something else.
func (n newPair) Expire() {
	n.a.countVeth(n.e, OriginOther)
	n.deferredEvent.Expire()
}
