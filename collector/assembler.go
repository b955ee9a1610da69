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

	processes processes
	joiner    joiner
	pairs     vethPairs
	listensIn uint32 // the network namespace that notifications come from
	sandboxes sandboxes
	unready   unready

	attempts   []*attempt             // in progress, in the order in which they began
	launched   map[launchKey]*attempt // by their shim, before create
	created    map[createKey]*attempt // by their create, until they end
	toldPartly map[createKey]bool     // were told of as seen in part, before their start

	began      int64 // the time of the first event
	now        int64 // the time of the newest event
	wallOffset int64 // wall clock - boot clock
	lost       loss

	received, joined, node, unjoined, dropped uint64
	waiting                                   int // events held
}

// verdict is what became of an event.
type verdict uint8

const (
	isNode   verdict = iota // the node's own
	isJoined                // a start's
	isHeld                  // waits for its key, or was joined or refused by it
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
		observer:  o,
		timeout:   int64(c.StartTimeout),
		processes: processes{byPID: make(map[int]*process), limit: maxProcesses},
		pairs:     make(vethPairs),
		unready:   unready{byMnt: make(map[uint32]*awaited), timeout: int64(c.ReadyTimeout)},
		sandboxes: sandboxes{spans: make(map[string]spanID)},
		joiner: joiner{
			owners: make(map[key]ownership), lists: make(map[key][]*waiting), gone: make(map[key]int64),
			patience: int64(patience), limit: maxWaiting,
		},
		launched:   make(map[launchKey]*attempt),
		created:    make(map[createKey]*attempt),
		toldPartly: make(map[createKey]bool),
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
	v := isNode
	if handle := handlers[e.Kind]; handle != nil {
		v = handle(a, e)
	}
	switch v {
	case isNode:
		a.node++
	case isJoined:
		a.joined++
	}
}

// handlers say what each kind of event does. Every kind is here; nil is one that
// changes nothing: the node's own.
var handlers = map[Kind]func(*Assembler, *Event) verdict{
	KindClock:        (*Assembler).clock,
	KindLost:         (*Assembler).lose,
	KindProcess:      (*Assembler).alive,
	KindBundle:       (*Assembler).describe,
	KindFork:         (*Assembler).fork,
	KindExec:         (*Assembler).exec,
	KindExit:         (*Assembler).exit,
	KindRename:       (*Assembler).rename,
	KindUnshare:      (*Assembler).namespaces,
	KindSetns:        (*Assembler).namespaces,
	KindMount:        (*Assembler).mount,
	KindUmount:       (*Assembler).mount,
	KindPivotRoot:    (*Assembler).mount,
	KindChroot:       (*Assembler).mount,
	KindOpenTree:     (*Assembler).mount,
	KindMoveMount:    (*Assembler).mount,
	KindFsopen:       (*Assembler).mount,
	KindFsconfig:     (*Assembler).mount,
	KindFsmount:      (*Assembler).mount,
	KindMountSetattr: (*Assembler).mount,
	KindCgroupMkdir:  (*Assembler).cgroup,
	KindCgroupAttach: (*Assembler).cgroup,
	KindCgroupRmdir:  nil,
	KindNetlink:      (*Assembler).netlink,
	KindLink:         (*Assembler).link,
	KindVethNewlink:  (*Assembler).vethMade,
	KindVethDellink:  (*Assembler).vethDeleted,
	KindListen:       (*Assembler).listen,
}

// clock takes the wall clock at a moment of the boot clock.
func (a *Assembler) clock(e *Event) verdict {
	a.wallOffset = e.Wall - e.Time
	return isNode
}

// advance lets time pass up to now: it gives up on keys and on starts.
func (a *Assembler) advance(now int64) {
	if now <= a.now {
		return
	}
	if a.began == 0 {
		a.began = now
	}
	a.now = now
	a.joiner.advance(now)
	a.unready.advance(now)
	for len(a.attempts) > 0 {
		t := a.attempts[0]
		if !t.ended && now-t.opened < a.timeout {
			return
		}
		if !t.ended {
			t.flaw = "timed out in " + string(t.marks.at(now))
			a.end(t, Incomplete, now)
		}
		a.attempts = a.attempts[1:]
	}
}

// Close ends every start that is in progress as incomplete: no event follows.
func (a *Assembler) Close() {
	for _, t := range a.attempts {
		if !t.ended {
			t.flaw = "no more events in " + string(t.marks.at(a.now))
			a.end(t, Incomplete, a.now)
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
	for _, t := range a.attempts {
		if !t.ended {
			s.InProgress++
		}
	}
	return s
}
