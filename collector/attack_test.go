package collector

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"container_start_exporter/collector/event"
)

// attack is what the processes of a container do to harm others. They run in namespaces
// of their own, and name whatever they know of the host.
type attack struct {
	name string
	do   func(*attacker)
	when moment
}

// moment is when an attack happens.
type moment uint8

const (
	throughout   moment = iota // half of it before the first start, half during all of them
	beforeStarts               // it fills a table before the first start begins
	beforeCreate               // it fills a table before the first runtime's create is executed
)

var attacks = []attack{
	{"shims that exit", (*attacker).shimsThatExit, beforeStarts},
	{"shims that stay", (*attacker).shimsThatStay, beforeStarts},
	{"shims with the ids of others", (*attacker).shimsOfOthers, throughout},
	{"commands with the ids of others", (*attacker).commandsOfOthers, throughout},
	{"forged starts", (*attacker).forgedStarts, throughout},
	{"renames and execs", (*attacker).renames, throughout},
	{"forks", (*attacker).forks, beforeStarts},
	{"failing mounts", (*attacker).failingMounts, throughout},
	{"mounts on the paths of others", (*attacker).mountsOfOthers, throughout},
	{"mounts that wait", (*attacker).mountsThatWait, beforeCreate},
	{"requests that are refused", (*attacker).refusedRequests, throughout},
	{"interfaces named as those of others", (*attacker).interfacesOfOthers, throughout},
	{"network programs for others", (*attacker).networkPrograms, throughout},
	{"namespaces", (*attacker).namespaces, throughout},
	{"cgroups named as those of others", (*attacker).cgroupsOfOthers, throughout},
	{"huge bundles", (*attacker).hugeBundles, throughout},
	{"listens", (*attacker).listens, throughout},
	{"clocks", (*attacker).clocks, throughout},
	{"losses", (*attacker).losses, throughout},
	{"processes that ran before", (*attacker).snapshot, throughout},
}

// nested marks an event as one of a process in a pid namespace of its own.
func nested(e *event.Event) { e.Nested = 4026532999 }

// The namespaces of the attacker's container.
const (
	attackerMntNS = 4026532990
	attackerNetNS = 4026532991
	attackerPIDs  = 2_000_000 // its first pid, as the host sees it
)

// longPath is as long as a path may be.
var longPath = "/" + strings.Repeat("x", 4094)

// attacker makes the events of an attack.
type attacker struct {
	*knowledge
	random *rand.Rand
	events []*event.Event
	pid    int
	inode  uint32
}

// newStream returns the events of an attack; mix sets their times.
func newStream(random *rand.Rand, k *knowledge, a attack) stream {
	x := &attacker{knowledge: k, random: random, pid: attackerPIDs + random.IntN(1<<20), inode: attackerNetNS}
	a.do(x)
	return stream{x.events, a.when}
}

// do adds an event.
func (x *attacker) do(e event.Event) {
	e.StartTime, e.Comm = x.born, "runc"
	if e.MntNS == 0 {
		e.MntNS = attackerMntNS
	}
	e.NetNS = attackerNetNS
	nested(&e)
	x.events = append(x.events, &e)
}

// newPID returns a pid that is nobody's.
func (x *attacker) newPID() int {
	x.pid++
	return x.pid
}

// newInode returns the inode number of a namespace that is nobody's.
func (x *attacker) newInode() uint32 {
	x.inode++
	return x.inode
}

// exec executes a program in a process.
func (x *attacker) exec(pid int, args ...string) {
	x.do(event.Event{Kind: event.KindExec, PID: pid, File: "/tmp/" + args[0], Args: args})
}

// fork forks a process and returns the pid of the child.
func (x *attacker) fork(pid int) int {
	child := x.newPID()
	x.do(event.Event{Kind: event.KindFork, PID: pid, Child: child, ChildStartTime: x.born, Parent: pid})
	return child
}

func (x *attacker) exit(pid, status int) {
	x.do(event.Event{Kind: event.KindExit, PID: pid, Status: status})
}

// word returns a random word.
func (x *attacker) word() string { return fmt.Sprintf("%016x", x.random.Uint64()) }
