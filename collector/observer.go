package collector

import "time"

// Observer receives what the assembler has found, on the goroutine that calls
// Handle. It must not block.
type Observer interface {
	// Start is called once for each start, when it has ended. The observer may
	// keep the start and must not change it.
	Start(*Start)
	// Ready is called when a container listens for the first time after its
	// start, with a copy of the start that has Ready set.
	Ready(*Start)
	// Command is called when a command of a runtime has exited.
	Command(Command)
	// Namespace is called for each namespace that was created on the host.
	Namespace(NamespaceCreated)
	// Veth is called for each veth pair that was created or deleted.
	Veth(VethChanged)
	// VethTime is called for each veth pair whose creation the kernel probes
	// have timed.
	VethTime(VethTime)
}

// Command is one execution of a runtime: of create and start as well as of
// exec, state, kill, delete and so on, which are not starts.
type Command struct {
	Runtime  string        // runc, crun, ..., other
	Name     string        // create, start, run, exec, ..., other: a fixed list
	Duration time.Duration // exec to exit
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
	Received   uint64            // events handled
	Joined     uint64            // joined to a start
	Node       uint64            // of the node itself: nothing to join
	Unjoined   uint64            // had keys, and no start owned one in time
	Waiting    int               // still waiting for a key
	InProgress int               // starts that have begun and not ended
	Processes  int               // processes known
	Dropped    map[string]uint64 // evicted from a full table, by table: processes, starts, waiting
}
