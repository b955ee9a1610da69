package collector

import "time"

// Observer is told what the assembler has found, from the goroutine that
// calls Handle. It must not block.
type Observer interface {
	// Start is called once for each start, when it has ended. The start is
	// the observer's to keep and nobody's to change.
	Start(*Start)
	// Ready is called when a container listens for the first time after its
	// start: with a copy of the start that says after how long.
	Ready(*Start)
	// Command is called when a command of a runtime has exited.
	Command(Command)
	// Namespace is called for each namespace that was made on the host.
	Namespace(NamespaceCreated)
	// Veth is called for each veth pair that was made or deleted.
	Veth(VethChanged)
	// VethTime is called for each veth pair of which the kernel's functions
	// tell how long it took to make.
	VethTime(VethTime)
}

// Command is one execution of a runtime: of create and start as well as of
// exec, state, kill, delete and so on, which are no starts.
type Command struct {
	Runtime  string        // runc, crun, ..., other
	Name     string        // create, start, run, exec, ..., other: a fixed list
	Duration time.Duration // exec to exit
}

// Origin says for whom something was made.
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
	// Duration is that of the call, which may have made other namespaces too.
	Duration time.Duration
	// Alone says that Duration is this namespace's: the call made no other, or
	// the kernel tells how long this one took.
	Alone bool
}

// VethChanged is a veth pair that was made or deleted.
type VethChanged struct {
	Deleted bool
	Origin  Origin // of a deletion, empty
}

// VethTime is how long it took to make a veth pair.
type VethTime struct {
	Duration time.Duration // in the driver
	Waited   time.Duration // before that, for the RTNL lock; 0 is unknown
}

// Stats are the assembler's counters. Received = Joined + Node + Unjoined +
// Waiting: no event vanishes.
type Stats struct {
	Received   uint64            // events handled
	Joined     uint64            // joined to a start
	Node       uint64            // the node's own: nothing to join
	Unjoined   uint64            // had keys, and none became a start's in time
	Waiting    int               // still waiting for a key
	InProgress int               // starts that have begun and not ended
	Processes  int               // processes known
	Dropped    map[string]uint64 // evicted from a full table, by table: processes, starts, waiting
}
