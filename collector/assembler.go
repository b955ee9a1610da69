package collector

import "time"

// Config bounds an Assembler. Zero values mean the defaults.
type Config struct {
	// StartTimeout ends a start that neither ends nor fails as incomplete;
	// 0 is 10 minutes.
	StartTimeout time.Duration
	// ReadyTimeout is how long after a start its container's first listen is
	// waited for; 0 is a minute, and less than 0 not at all.
	ReadyTimeout time.Duration
}

// The bounds of an assembler's tables.
const (
	maxProcesses = 65536
	maxAttempts  = 4096
	maxWaiting   = 32768
	patience     = 30 * time.Second // for a key; seen: 0.4 s
	maxID        = 1024             // bytes of a container's id, as runc has it
)

// Assembler turns events into starts. It is a state machine per start: exec.go
// recognises the commands of engines and runtimes, and one file for each kind
// of event (namespace.go, mount.go, cgroup.go, hook.go, link.go) takes what
// happens under them. It is not safe for concurrent use.
type Assembler struct {
	observer Observer
	timeout  int64

	processes     processTable
	joiner        joiner
	pairs         vethPairs
	notifiedNetNS uint32 // the network namespace that notifications come from
	sandboxes     podSandboxes
	readyWaiters  readyWaiters

	attempts           []*attempt             // in progress, in the order in which they began
	byShim             map[launchKey]*attempt // by their shim, before create
	byCreate           map[createKey]*attempt // by their create, until they end
	reportedIncomplete map[createKey]bool     // were told of as seen in part, before their start

	firstEvent int64 // the time of the first event
	now        int64 // the time of the newest event
	wallOffset int64 // wall clock - boot clock
	lost       loss

	received, joined, node, unjoined, dropped uint64
	waiting                                   int // events held
}

// verdict is what became of an event.
type disposition uint8

const (
	unrelated disposition = iota // the node's own
	joined                       // a start's
	pending                      // waits for its key, or was joined or refused by it
)

// New makes an assembler that tells o what it finds.
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
			owners: make(map[key]ownership), lists: make(map[key][]*waiting), gone: make(map[key]int64),
			patience: int64(patience), limit: maxWaiting,
		},
		byShim:             make(map[launchKey]*attempt),
		byCreate:           make(map[createKey]*attempt),
		reportedIncomplete: make(map[createKey]bool),
	}
	return a
}

// Handle takes the next event, which the assembler may keep. The time of the
// newest event is its clock: a KindClock event lets it pass when nothing else
// happens. An event that Check refuses changes nothing.
func (a *Assembler) Handle(e *Event) {
	a.received++
	if e.Check() != nil {
		a.node++
		return
	}
	a.advance(e.Time)
	v := unrelated
	if handle := handlers[e.Kind]; handle != nil {
		v = handle(a, e)
	}
	switch v {
	case unrelated:
		a.node++
	case joined:
		a.joined++
	}
}

// handlers say what each kind of event does. Every kind is here; nil is one that
// changes nothing: the node's own.
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

// clock takes the wall clock at a moment of the boot clock.
func (a *Assembler) onClock(e *Event) disposition {
	a.wallOffset = e.Wall - e.Time
	return unrelated
}

// advance lets time pass up to now: it gives up on keys and on starts.
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
			att.reason = "timed out in " + string(att.marks.at(now))
			a.finish(att, Incomplete, now)
		}
		a.attempts = a.attempts[1:]
	}
}

// Close ends every start that is in progress as incomplete: no event follows.
func (a *Assembler) Close() {
	for _, att := range a.attempts {
		if !att.ended {
			att.reason = "no more events in " + string(att.marks.at(a.now))
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
