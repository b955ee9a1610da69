package collector

import "time"

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
	maxProcesses = 65536
	maxAttempts  = 4096
	maxWaiting   = 32768
	patience     = 30 * time.Second // of an event for its key; the longest seen is 0.4 s
	maxID        = 1024             // bytes of a container's id: runc's own limit
)

// Assembler turns events into starts. It is a state machine per start: exec.go
// recognises the commands of engines and runtimes, and one file for each kind
// of event (namespace.go, mount.go, cgroup.go, hook.go, link.go) handles what
// happens under them. It is not safe for concurrent use.
type Assembler struct {
	observer Observer
	timeout  int64

	processes     processTable
	joiner        joiner
	pairs         vethPairs
	notifiedNetNS uint32 // the network namespace that rtnetlink notifications come from
	sandboxes     podSandboxes
	readyWaiters  readyWaiters

	attempts           []*attempt             // in the order in which they became known; some have ended
	byShim             map[launchKey]*attempt // by their shim, until their create command
	byCreate           map[createKey]*attempt // by their create command, until they end
	reportedIncomplete map[createKey]bool     // reported as incomplete before their start command

	firstEvent int64 // boot time of the first event
	now        int64 // boot time of the newest event
	wallOffset int64 // wall clock - boot clock, ns
	lost       loss

	received, joined, node, unjoined, dropped uint64
	waiting                                   int // events that wait for a key
}

// disposition is what became of an event.
type disposition uint8

const (
	unrelated disposition = iota // belongs to the node, not to a start
	joined                       // belongs to a start
	pending                      // waits for a key, or was counted when its key was resolved
)

// New returns an assembler that reports what it finds to o.
func New(c Config, o Observer) *Assembler {
	if c.StartTimeout <= 0 {
		c.StartTimeout = 10 * time.Minute
	}
	if c.ReadyTimeout == 0 {
		c.ReadyTimeout = time.Minute
	}
	a := &Assembler{
		observer:     o,
		timeout:      int64(c.StartTimeout),
		processes:    processTable{byPID: make(map[int]*process), limit: maxProcesses},
		pairs:        make(vethPairs),
		readyWaiters: readyWaiters{byMnt: make(map[uint32]*readyWaiter), timeout: int64(c.ReadyTimeout)},
		sandboxes:    podSandboxes{spans: make(map[string]spanID)},
		joiner: joiner{
			owners: make(map[key]ownership), lists: make(map[key][]*queued), retiredAt: make(map[key]int64),
			ttl: int64(patience), limit: maxWaiting,
		},
		byShim:             make(map[launchKey]*attempt),
		byCreate:           make(map[createKey]*attempt),
		reportedIncomplete: make(map[createKey]bool),
	}
	return a
}

// Handle processes the next event, and may keep it. The time of the newest event
// is the assembler's clock: KindClock events advance it when nothing else
// happens. An event that fails Check is counted and changes nothing else.
func (a *Assembler) Handle(e *Event) {
	a.received++
	if e.Check() != nil {
		a.node++
		return
	}
	a.advance(e.Time)
	d := unrelated
	if handle := handlers[e.Kind]; handle != nil {
		d = handle(a, e)
	}
	switch d {
	case unrelated:
		a.node++
	case joined:
		a.joined++
	}
}

// handlers has the handler of each kind of event. Every kind is listed; nil means
// that the event belongs to the node and changes nothing.
var handlers = map[Kind]func(*Assembler, *Event) disposition{
	KindClock:        (*Assembler).onClock,
	KindLost:         (*Assembler).onLost,
	KindProcess:      (*Assembler).onExistingProcess,
	KindBundle:       (*Assembler).onBundle,
	KindFork:         (*Assembler).onFork,
	KindExec:         (*Assembler).onExec,
	KindExit:         (*Assembler).onExit,
	KindRename:       (*Assembler).onRename,
	KindUnshare:      (*Assembler).onNamespaces,
	KindSetns:        (*Assembler).onNamespaces,
	KindMount:        (*Assembler).onMount,
	KindUmount:       (*Assembler).onMount,
	KindPivotRoot:    (*Assembler).onMount,
	KindChroot:       (*Assembler).onMount,
	KindOpenTree:     (*Assembler).onMount,
	KindMoveMount:    (*Assembler).onMount,
	KindFsopen:       (*Assembler).onMount,
	KindFsconfig:     (*Assembler).onMount,
	KindFsmount:      (*Assembler).onMount,
	KindMountSetattr: (*Assembler).onMount,
	KindCgroupMkdir:  (*Assembler).onCgroup,
	KindCgroupAttach: (*Assembler).onCgroup,
	KindCgroupRmdir:  nil,
	KindNetlink:      (*Assembler).onNetlink,
	KindLink:         (*Assembler).onLink,
	KindVethNewlink:  (*Assembler).onVethNewlink,
	KindVethDellink:  (*Assembler).onVethDellink,
	KindListen:       (*Assembler).onListen,
}

// onClock sets the offset between the wall clock and the boot clock.
func (a *Assembler) onClock(e *Event) disposition {
	a.wallOffset = e.Wall - e.Time
	return unrelated
}

// advance moves the clock forward to now, and ends the waits and the starts that have
// timed out.
func (a *Assembler) advance(now int64) {
	if now <= a.now {
		return
	}
	if a.firstEvent == 0 {
		a.firstEvent = now
	}
	a.now = now
	a.joiner.advance(now)
	a.readyWaiters.advance(now)
	for len(a.attempts) > 0 {
		att := a.attempts[0]
		if !att.ended && now-att.openedAt < a.timeout {
			return
		}
		if !att.ended {
			att.reason = "timed out in phase " + string(att.marks.at(now))
			a.finish(att, Incomplete, now)
		}
		a.attempts = a.attempts[1:]
	}
}

// Close ends every start in progress as incomplete. No event may follow.
func (a *Assembler) Close() {
	for _, att := range a.attempts {
		if !att.ended {
			att.reason = "still in phase " + string(att.marks.at(a.now)) + " when the events ended"
			a.finish(att, Incomplete, a.now)
		}
	}
	a.attempts = nil
}

// Stats returns the counters so far.
func (a *Assembler) Stats() Stats {
	s := Stats{
		Received: a.received, Joined: a.joined, Node: a.node, Unjoined: a.unjoined,
		Waiting:   a.waiting,
		Processes: len(a.processes.byPID),
		Dropped: map[string]uint64{
			"processes": a.processes.dropped, "starts": a.dropped, "waiting": a.joiner.dropped,
		},
	}
	for _, att := range a.attempts {
		if !att.ended {
			s.InProgress++
		}
	}
	return s
}
