package collector

import (
	"time"

	"container_start_exporter/collector/start"
)

// StartObserver receives the starts that the assembler has found, on the goroutine
// that calls Handle. It must not block.
type StartObserver interface {
	// Start is called once for each start, when it has ended. The observer may
	// keep the start and must not change it.
	Start(*start.Start)
	// Ready is called when a container listens for the first time after its
	// start, with a copy of the start that has Ready set.
	Ready(*start.Start)
}

// NodeObserver receives facts about the node that are not starts, on the goroutine
// that calls Handle. It must not block.
type NodeObserver interface {
	NodeFact(Fact)
}

// Fact is something that happened on the node and is not a start: a value of one of
// the types in AllFacts.
type Fact interface{ fact() }

// AllFacts has a value of each type of fact. What handles facts by their type is
// tested against it.
var AllFacts = []Fact{Command{}, NamespaceCreated{}, NetworkProgram{}, VethChanged{}, VethTime{}}

func (Command) fact()          {}
func (NamespaceCreated) fact() {}
func (NetworkProgram) fact()   {}
func (VethChanged) fact()      {}
func (VethTime) fact()         {}

// noObserver ignores what nobody observes.
type noObserver struct{}

// Start does nothing.
func (noObserver) Start(*start.Start) {}

// Ready does nothing.
func (noObserver) Ready(*start.Start) {}

// NodeFact does nothing.
func (noObserver) NodeFact(Fact) {}

// Command is one execution of a runtime: of create and start as well as of
// exec, state, kill, delete and so on, which are not starts.
type Command struct {
	Runtime  string        // runc, crun, ..., other
	Name     string        // create, start, run, exec, ..., other: a fixed list
	Duration time.Duration // exec to exit
}

// NetworkProgram is one execution of a program that sets up a container's network or takes
// it down, whether or not it belongs to a start: a CNI plugin, netavark, iptables.
type NetworkProgram struct {
	Program  string        // a CNI plugin that is known by name, netavark, iptables, ..., other
	Command  string        // add, del, setup, append, ..., other: a fixed list
	Duration time.Duration // exec to exit
	Failed   bool          // its exit code was not 0
}

// Origin is what something was created for.
type Origin string

// The origins.
const (
	OriginStart Origin = "start" // for a container start
	OriginOther Origin = "other"
)

// NamespaceCreated is one new namespace.
type NamespaceCreated struct {
	Type   string // as in /proc/PID/ns: mnt, uts, ipc, pid, net, cgroup, user, time
	Origin Origin
	// Duration is that of the call, which may have created other namespaces too.
	Duration time.Duration
	// Alone is true if Duration is this namespace's: the call created no other,
	// or the kernel reports the time of this one.
	Alone bool
}

// VethChanged is a veth pair that was created or deleted.
type VethChanged struct {
	Deleted bool
	Origin  Origin // empty for a deletion
}

// VethTime is how long the creation of a veth pair took.
type VethTime struct {
	Duration time.Duration // in the driver
	Waited   time.Duration // before that, for the RTNL lock; 0 if unknown
}

// Stats are the assembler's counters. Received = Joined + Node + Unjoined +
// Waiting: no event vanishes.
type Stats struct {
	Received uint64 // events handled
	Joined   uint64 // joined to a start
	Node     uint64 // of the node itself: nothing to join
	Unjoined uint64 // had keys, and no start owned one in time
	Waiting  int    // still waiting for a key
	// Attempted = the sum of Ended + Discarded + Refused() + InProgress +
	// NestedInProgress: no attempt vanishes.
	Attempted  uint64                   // starts that something was done for
	Ended      map[start.Outcome]uint64 // reported, by how they ended
	Discarded  uint64                   // not starts on this host: no runtime was executed, or no init made
	InProgress int                      // starts on the host that have begun and not ended
	// NestedInProgress are those of containers: the starts of kind nested.
	NestedInProgress int
	Processes        int // processes known
	// Dropped counts what was evicted from a full table, or refused, by table:
	// processes, starts, waiting, and nested_... for what belongs to containers.
	Dropped map[string]uint64
	// Unseen are the values of Start.Degraded that starts have because kernel probes
	// are missing.
	Unseen []string
}

// Refused returns how many starts there was no room for.
func (s Stats) Refused() uint64 { return s.Dropped["starts"] + s.Dropped["nested_starts"] }
