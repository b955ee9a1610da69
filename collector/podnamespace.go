package collector

import (
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
)

// An engine makes the user and the network namespace of a pod before anything names the
// pod: it forks a process in a user namespace, which makes a network namespace and is then
// needed no more (containerd, for hostUsers: false). The start that owns the network
// namespace has both. A user namespace whose first process executes a program is for
// something else: a user's rootless containers are all in that of their engine.

// podUser is a user namespace in which a process was forked that has done nothing yet.
type podUser struct{ fork *event.Event }

// settlePodUser counts the user namespace that p was forked in, if it has one that is for
// no start: p executes a program, or exits.
func (a *Assembler) settlePodUser(p *process) {
	if p.podUser.fork != nil {
		a.countNamespaces(p.podUser.fork, OriginOther)
		p.podUser.fork = nil
	}
}

// podNetns is the creation of a network namespace by the first process of a user namespace.
type podNetns struct {
	deferredEvent
	user *event.Event // the fork that created the user namespace
}

// Resolve joins both namespaces to a start.
func (n podNetns) Resolve(att *attempt) {
	n.deferredEvent.Resolve(att)
	att.createdFlags |= unix.CLONE_NEWUSER
	att.createdUsers.add(n.user.Namespaces.User)
	n.a.countNamespaces(n.user, OriginStart)
}

// Expire counts both as created for something else.
func (n podNetns) Expire() {
	n.deferredEvent.Expire()
	n.a.countNamespaces(n.user, OriginOther)
}

// deferNetns lets the creation of a network namespace by p wait for the start that owns
// the namespace.
func (a *Assembler) deferNetns(p *process, e *event.Event) disposition {
	keys := []join.Key{join.Netns(e.Namespaces.Net)}
	fork := p.podUser.fork
	if fork == nil || e.Namespaces.User != fork.Namespaces.User {
		return a.deferEvent(e, keys...)
	}
	p.podUser.fork = nil
	n := podNetns{a.deferred(e, keys), fork}
	return a.deferJoin(n, n.o, n.size, keys)
}
