package collector

import (
	"container_start_exporter/collector/runtime"
)

// attempt is a start in progress.
type attempt struct {
	id            string
	engine        string
	runtime       *runtime.Runtime
	shim          *shim
	create        *command // the runtime's create or run; nil before its exec
	startExecuted bool     // the runtime's start command was executed
	created       bool     // the create command has exited with status 0
	init          *process
	nextInit      *process // forked by init, may become the init in its place (crun)

	openedAt int64 // when it became known; the timeout counts from here
	begin    int64 // when the first thing was done for it
	marks    marks
	pivoted  bool
	hooks    hooks

	name         string // as given to the monitor
	traceParent  string
	cgroupPath   string
	cgroupV1     bool
	cgroupV2     bool
	bundle       *Bundle
	engineMounts []*Event
	operations   []*operation
	cgroup       *operation
	counts       Counts
	createdFlags uint64 // CLONE_NEW* flags of the namespaces made for it
	veths        []*veth
	vethEvents   []*Event      // the veth driver's events of the pairs made for it
	netTools     []*netTool    // the network programs run for it
	network      intervals     // when rtnetlink requests and netns mounts set its network up
	links        map[int]*link // its interfaces by index

	// cause is the last failure; reset when the start makes progress.
	cause failureCause
	// reason is why it failed or is incomplete; incompleteReason, why it can
	// only be incomplete, however it ends.
	reason, incompleteReason string
	errorType                ErrorType

	keys  []key // the join keys that it owns
	ended bool

	// The process by which it became known; the trace ID derives from it.
	pid       int
	startTime int64
}

// operation is an Operation with absolute times (boot time, ns); an end of 0 means
// that it has not ended.
type operation struct {
	name       OperationName
	begin, end int64
	attributes map[string]string
	// For a process: its cost when it executed the program, and the cost of
	// the program.
	before, cost *Cost
}

// exit ends an operation that is a process, at its exit event.
func (o *operation) exit(e *Event) {
	o.end = e.Time
	o.attributes["exit_code"] = exitCode(e.Status)
	o.cost = e.Cost.since(o.before)
}

// markIncomplete records why the start can only be incomplete; the first reason
// stays.
func (att *attempt) markIncomplete(why string) {
	if att.incompleteReason == "" {
		att.incompleteReason = why
	}
}

// launchKey returns the key by which a create command finds the start that its
// shim began.
func (att *attempt) launchKey() launchKey { return launchKey{att.engine, att.id} }

// addOperation records an operation.
func (att *attempt) addOperation(name OperationName, begin, end int64, attributes map[string]string) *operation {
	att.extendBegin(begin)
	o := &operation{name: name, begin: begin, end: end, attributes: attributes}
	att.operations = append(att.operations, o)
	return o
}

// addExec records an operation that is a process, from its exec on.
func (att *attempt) addExec(name OperationName, e *Event, attributes map[string]string) *operation {
	o := att.addOperation(name, e.Time, 0, attributes)
	o.before = e.Cost
	return o
}

// beginPhase begins a phase, unless it has begun.
func (att *attempt) beginPhase(name PhaseName, at int64) {
	att.marks.set(name, at)
	att.extendBegin(at)
}

// extendBegin makes the start begin no later than at.
func (att *attempt) extendBegin(at int64) {
	if att.begin == 0 || at < att.begin {
		att.begin = at
	}
}
