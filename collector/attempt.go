package collector

import (
	"strings"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
	"container_start_exporter/collector/start"
)

// attempt is a start in progress.
type attempt struct {
	id            string
	engine        string
	build         bool // it is for a step of a build
	origin        *origin
	runtime       *runtime.Runtime
	shim          *shim
	create        *command // the runtime's create or run; nil before its exec
	startExecuted bool     // the runtime's start command was executed
	created       bool     // the create command has exited with status 0
	init          *process
	nextInit      *process // forked by init, may become the init in its place (crun)

	timeline
	openedAt int64 // when it became known; the timeout counts from here
	pivoted  bool
	hooks    hooks
	network  netSetup
	cgroup   cgroupSetup
	idMaps   idMaps

	name         string      // as given to the monitor
	rolledBack   *engine.Pod // the pod whose network was undone before there was a sandbox
	traceParent  string
	bundle       *event.Bundle
	wrapper      *command // that executed the runtime, if it has a wrapper; the outermost
	bundleOf     *command // whose it is: a wrapper may change what the runtime reads
	engineMounts []*event.Event
	counts       start.Counts
	createdFlags uint64 // CLONE_NEW* flags of the namespaces created for it
	createdUsers userNamespaces
	pinned       pinned
	argumentsCut bool // of a program executed for it, arguments or environment did not fit

	share    *share // of what its origin's starts may keep
	evidence evidence
	failure  failure
	ended    bool
	evicted  bool // it ended because there was no room
	members  int  // processes known that work for it

	// The process by which it became known; the trace ID derives from it.
	pid       int
	startTime int64
}

func newAttempt(id, engine string, p *process, at int64) *attempt {
	att := &attempt{id: strings.Clone(id), engine: engine, origin: p.origin, openedAt: at, pid: p.pid, startTime: p.startTime}
	att.share = &share{of: &p.origin.kept}
	att.timeline.share, att.network.share = att.share, att.share
	return att
}

// Ended reports whether the start has ended: it then owns no join keys.
func (att *attempt) Ended() bool { return att.ended }

// isAbandoned reports whether no process works for the start and no runtime was
// executed for it: its shim has exited. A runtime may still come, soon: before
// containerd 2, a shim that is executed for a container of a pod only finds the pod's.
func (att *attempt) isAbandoned() bool { return att.create == nil && att.members == 0 }

// launchKey returns the key by which a create command finds the start that its
// shim began.
func (att *attempt) launchKey() launchKey { return launchKey{att.origin.number, att.engine, att.id} }
