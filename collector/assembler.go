package collector

import (
	"maps"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// Config bounds an Assembler. A zero value means the default.
type Config struct {
	// StartTimeout is how long a start may be in progress before it ends as
	// incomplete; 0 is 10 minutes.
	StartTimeout time.Duration
	// ReadyTimeout is how long to wait, after a start, for the container's
	// first listen(2); 0 is one minute, a negative value disables the wait.
	ReadyTimeout time.Duration
}

// The bounds of an assembler's tables, and of the wait for a key.
const (
	maxProcesses    = 20480 // more than the probes watch
	maxAttempts     = 4096
	maxWaiting      = 32768
	waiterTTL       = 30 * time.Second // of an event that waits for its key; the longest wait seen is 0.4 s
	abandonedTTL    = 30 * time.Second // of a start whose shim has exited, until the pod's shim executes a runtime
	maxWaitingBytes = 32 << 20         // of all events that wait

	// of one start
	maxMountBytes   = 2 << 20 // of the attributes of its mounts
	maxOperations   = 1024    // besides mounts
	maxEngineMounts = 256     // of which any may be the rootfs mount
	maxVeths        = 64
	maxLinks        = 256
	maxNetTools     = 1024
	maxBusy         = 8192 // requests to rtnetlink, in time
	maxCreatedUsers = 16

	maxID = 1024 // bytes of a container's id: runc's own limit
)

// Assembler turns events into starts. It is a state machine per start: exec.go
// recognises the commands of engines and runtimes, and one file for each kind
// of event (namespace.go, mount.go, cgroup.go, hook.go, link.go) handles what
// happens under them. It is not safe for concurrent use.
type Assembler struct {
	observer     StartObserver
	node         NodeObserver
	startTimeout int64 // ns

	clock        clock
	processes    processTable
	exits        recentExits
	starts       startTable
	origins      originTable
	veths        vethTracker
	sandboxes    podSandboxes
	readyWaiters readyWaiters
	lost         loss
	ledger       ledger
	unseen       []string // what starts lack because probes are missing
}

// clock is the time as the events show it, in nanoseconds of the boot clock.
type clock struct {
	first      int64 // of the first event
	now        int64 // of the newest event
	wallOffset int64 // wall clock - boot clock
}

// New returns an assembler that reports starts to one observer and facts about the
// node to another. Either may be nil.
func New(c Config, starts StartObserver, node NodeObserver) *Assembler {
	if starts == nil {
		starts = noObserver{}
	}
	if node == nil {
		node = noObserver{}
	}
	if c.StartTimeout <= 0 {
		c.StartTimeout = 10 * time.Minute
	}
	if c.ReadyTimeout == 0 {
		c.ReadyTimeout = time.Minute
	}
	return &Assembler{
		observer:     starts,
		node:         node,
		startTimeout: int64(c.StartTimeout),
		processes:    processTable{byPID: make(map[int]*process), limit: maxProcesses},
		starts:       newStartTable(),
		origins:      newOriginTable(),
		veths:        newVethTracker(),
		sandboxes:    podSandboxes{spans: make(map[string]spanID)},
		readyWaiters: readyWaiters{byMnt: make(map[uint32]*readyWaiter), timeout: int64(c.ReadyTimeout)},
	}
}

// Handle processes the next event, and may keep it. The time of the newest event
// is the assembler's clock: KindClock events advance it when nothing else
// happens. An event that fails Check is counted and changes nothing else.
func (a *Assembler) Handle(e *event.Event) {
	a.ledger.receive()
	if e.Check() != nil {
		a.ledger.settle(unrelated)
		return
	}
	a.advance(e.Time)
	d := unrelated
	if handle := handlers[e.Kind]; handle != nil {
		d = handle(a, e)
	}
	a.noteCut(e)
	a.ledger.settle(d)
}

// handlers has the handler of each kind of event. Every kind is listed; nil means
// that the event belongs to the node and changes nothing.
var handlers = map[event.Kind]func(*Assembler, *event.Event) disposition{
	event.KindClock:        (*Assembler).onClock,
	event.KindLost:         (*Assembler).onLost,
	event.KindProcess:      (*Assembler).onExistingProcess,
	event.KindBundle:       (*Assembler).onBundle,
	event.KindGone:         (*Assembler).onGone,
	event.KindFork:         (*Assembler).onFork,
	event.KindExec:         (*Assembler).onExec,
	event.KindExit:         (*Assembler).onExit,
	event.KindRename:       (*Assembler).onRename,
	event.KindUnshare:      (*Assembler).onNamespaces,
	event.KindSetns:        (*Assembler).onNamespaces,
	event.KindMount:        (*Assembler).onMount,
	event.KindUmount:       (*Assembler).onMount,
	event.KindPivotRoot:    (*Assembler).onMount,
	event.KindChroot:       (*Assembler).onMount,
	event.KindOpenTree:     (*Assembler).onMount,
	event.KindMoveMount:    (*Assembler).onMount,
	event.KindFsopen:       (*Assembler).onMount,
	event.KindFsconfig:     (*Assembler).onMount,
	event.KindFsmount:      (*Assembler).onMount,
	event.KindMountSetattr: (*Assembler).onMount,
	event.KindCgroupMkdir:  (*Assembler).onCgroupMkdir,
	event.KindCgroupAttach: (*Assembler).onCgroupAttach,
	event.KindCgroupRmdir:  (*Assembler).onCgroupRmdir,
	event.KindNetlink:      (*Assembler).onNetlink,
	event.KindLink:         (*Assembler).onLink,
	event.KindVethNewlink:  (*Assembler).onVethNewlink,
	event.KindVethDellink:  (*Assembler).onVethDellink,
	event.KindListen:       (*Assembler).onListen,
}

// originOf returns the origin that an event belongs to.
func (a *Assembler) originOf(e *event.Event) *origin { return a.origins.of(e.Nested, a.clock.now) }

// onClock sets the offset between the wall clock and the boot clock.
func (a *Assembler) onClock(e *event.Event) disposition {
	a.clock.wallOffset = e.Wall - e.Time
	return unrelated
}

// advance moves the clock forward to now, and ends the waits and the starts that have
// timed out.
func (a *Assembler) advance(now int64) {
	if now <= a.clock.now {
		return
	}
	if a.clock.first == 0 {
		a.clock.first = now
	}
	a.clock.now = now
	a.origins.each(func(o *origin) { o.joins.Advance(now) })
	a.readyWaiters.advance(now)
	a.discardAbandoned(now)
	for len(a.starts.all) > 0 {
		att := a.starts.all[0]
		if !att.ended && now-att.openedAt < a.startTimeout {
			return
		}
		a.finishIncomplete(att, "timed out in phase "+string(att.marks.at(now)))
		a.starts.all = a.starts.all[1:]
	}
}

// Close ends every start in progress as incomplete. No event may follow.
func (a *Assembler) Close() {
	for _, att := range a.starts.all {
		a.finishIncomplete(att, "still in phase "+string(att.marks.at(a.clock.now))+" when the events ended")
	}
	a.starts.all = nil
}

// finishIncomplete ends a start as incomplete, unless it has ended.
func (a *Assembler) finishIncomplete(att *attempt, why string) {
	if !att.ended {
		att.failure.reason = why
		a.finish(att, start.Incomplete, a.clock.now)
	}
}

// Stats returns the counters so far.
func (a *Assembler) Stats() Stats {
	l, s := a.ledger, a.starts
	return Stats{
		Attempted: s.attempted, Discarded: s.discarded, Ended: maps.Clone(s.ended),
		Received: l.received, Joined: l.joined, Node: l.node, Unjoined: l.unjoined, Waiting: l.waiting,
		InProgress: a.origins.host.attempts, NestedInProgress: a.origins.nestedAttempts(),
		Processes: len(a.processes.byPID), Unseen: a.unseen,
		Dropped: map[string]uint64{
			"processes": a.processes.dropped.host, "nested_processes": a.processes.dropped.nested,
			"starts": s.refused.host, "nested_starts": s.refused.nested,
			"waiting": a.origins.host.joins.Evicted(), "nested_waiting": a.origins.nestedEvicted(),
		},
	}
}
