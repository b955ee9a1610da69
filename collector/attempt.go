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
	startExecuted bool     // the runtime's start was executed
	created       bool     // create has exited with status 0
	init          *process
	nextInit      *process // forked by init, and may take its place (crun)

	openedAt int64 // when it became known, for the timeout
	begin    int64 // the earliest thing done for it
	marks    marks
	pivoted  bool
	hooks    hooks

	name         string // as the monitor has it
	traceParent  string
	cgroupPath   string
	cgroupV1     bool
	cgroupV2     bool
	bundle       *Bundle
	engineMounts []*Event
	operations   []*operation
	cgroup       *operation
	counts       Counts
	createdFlags uint64 // CLONE_NEW* flags with which namespaces were made for it
	veths        []*veth
	vethEvents   []*Event      // what the driver told of pairs that were made for it
	netTools     []*netTool    // network programs
	network      intervals     // in which its network was set up, beside veths, jobs and netns
	links        map[int]*link // its interfaces by index

	// mishap is what failed last, as long as init has done nothing since.
	cause failureCause
	// flaw says why it has failed or is incomplete; spoiled, why it can only
	// be incomplete however it ends.
	reason, incompleteReason string
	errorType                ErrorType

	keys  []key // that it owns
	ended bool

	// identity of the trace: the process by which it became known.
	pid       int
	startTime int64
}

// operation is an Operation with absolute times; an end of 0 is still open.
type operation struct {
	name       OperationName
	begin, end int64
	attributes map[string]string
	// of a process: what it had cost when it executed its program, and what
	// the program has cost
	before, cost *Cost
}

// exit ends an operation that is a process.
func (o *operation) exit(e *Event) {
	o.end = e.Time
	o.attributes["exit_code"] = exitCode(e.Status)
	o.cost = e.Cost.since(o.before)
}

// spoil says why it cannot be whole any more.
func (att *attempt) markIncomplete(why string) {
	if att.incompleteReason == "" {
		att.incompleteReason = why
	}
}

// launch is the key by which a create finds the start that its shim began.
func (att *attempt) launchKey() launchKey { return launchKey{att.engine, att.id} }

// do records an operation.
func (att *attempt) addOperation(name OperationName, begin, end int64, attributes map[string]string) *operation {
	att.extendBegin(begin)
	o := &operation{name: name, begin: begin, end: end, attributes: attributes}
	att.operations = append(att.operations, o)
	return o
}

// execute records an operation that is a process, from its exec on.
func (att *attempt) addExec(name OperationName, e *Event, attributes map[string]string) *operation {
	o := att.addOperation(name, e.Time, 0, attributes)
	o.before = e.Cost
	return o
}

// mark lets a phase begin.
func (att *attempt) beginPhase(name PhaseName, at int64) {
	att.marks.set(name, at)
	att.extendBegin(at)
}

// reach lets the start begin no later than at.
func (att *attempt) extendBegin(at int64) {
	if att.begin == 0 || at < att.begin {
		att.begin = at
	}
}
