package collector

import (
	"time"

	"container_start_exporter/collector/join"
)

// The bounds of one origin that is not the host, and of all of them together. They
// leave the host the larger part of each table.
const (
	maxNestedOrigins      = 64 // that have tables of their own; further ones share one
	maxNestedAttempts     = 256
	maxAllNestedAttempts  = maxAttempts / 4
	maxNestedProcesses    = 4096
	maxNestedWaiting      = 4096
	maxNestedWaitingBytes = 16 << 20 // of all origins together, in equal shares
)

// origin is where processes belong: to the host, or to one container, in which an
// engine or a runtime is executed. What belongs to one is never joined to a start of
// another, and has bounds of its own: a container that is hostile spoils its own
// starts at most.
type origin struct {
	number uint32 // event.Event.Nested

	joins        *join.Table[*attempt]
	claims       claims
	lost         loss   // of its own events
	waitingBytes int    // of the events that wait
	kept         budget // by the starts in progress

	attempts  int // in progress
	processes int
	// abandoned are starts that had no process left, the first one first; a runtime
	// may have been executed for some since.
	abandoned []abandonment
}

func newOrigin(number uint32, waiting int, kept budget) *origin {
	return &origin{number: number, joins: join.New[*attempt](waiterTTL, waiting), claims: claims{}, kept: kept}
}

// isHost reports whether the origin is the host.
func (o *origin) isHost() bool { return o.number == 0 }

// isIdle reports whether nothing depends on the origin.
func (o *origin) isIdle(now int64) bool {
	return o.attempts == 0 && o.processes == 0 && o.joins.Waiting() == 0 && !o.lost.during(now-int64(time.Minute), now)
}

// mayAddProcess reports whether one more process may be known.
func (o *origin) mayAddProcess() bool { return o.isHost() || o.processes < maxNestedProcesses }

// crowd is the number of the origin that those share for which there is no room: no
// pid namespace has it, as the numbers are inodes of nsfs, 0xf0000000 and above.
const crowd = 1

// originTable has the origins that are known. There are few.
type originTable struct {
	host    *origin
	nested  map[uint32]*origin
	kept    *budget // by the nested starts in progress
	evicted uint64  // waiters that gave way in origins that are no longer known
}

func newOriginTable() originTable {
	return originTable{
		host: newOrigin(0, maxWaiting, budget{limit: maxKept}), nested: map[uint32]*origin{}, kept: &budget{limit: maxAllNested},
	}
}

// find returns the origin with a number, nil if it is not known.
func (t *originTable) find(number uint32) *origin {
	if number == 0 {
		return t.host
	}
	return t.nested[number]
}

// of returns the origin with a number, and adds it if it is not known.
func (t *originTable) of(number uint32, now int64) *origin {
	if o := t.find(number); o != nil {
		return o
	}
	if len(t.nested) >= maxNestedOrigins {
		t.removeIdle(now)
	}
	if len(t.nested) >= maxNestedOrigins && number != crowd {
		return t.of(crowd, now)
	}
	o := newOrigin(number, maxNestedWaiting, budget{limit: maxKeptNested, within: t.kept})
	t.nested[number] = o
	return o
}

func (t *originTable) removeIdle(now int64) {
	for number, o := range t.nested {
		if o.isIdle(now) {
			t.evicted += o.joins.Evicted()
			delete(t.nested, number)
		}
	}
}

// each calls f for every origin, the host first.
func (t *originTable) each(f func(*origin)) {
	f(t.host)
	for _, o := range t.nested {
		f(o)
	}
}

// retire retires a key of the kernel's, which is the same for all origins.
func (t *originTable) retire(k join.Key, at int64) {
	t.each(func(o *origin) { o.joins.Retire(k, at) })
}

// nestedAttempts returns how many starts of containers are in progress.
func (t *originTable) nestedAttempts() (n int) {
	for _, o := range t.nested {
		n += o.attempts
	}
	return n
}

// nestedEvicted returns how many waiters of containers gave way to others.
func (t *originTable) nestedEvicted() uint64 {
	n := t.evicted
	for _, o := range t.nested {
		n += o.joins.Evicted()
	}
	return n
}

// perOrigin are counters: of the host, and of all containers.
type perOrigin struct{ host, nested uint64 }

func (c *perOrigin) count(o *origin) {
	if o.isHost() {
		c.host++
	} else {
		c.nested++
	}
}

// maxWaitingBytes returns how many bytes of events may wait for the starts of one
// origin.
func (t *originTable) maxWaitingBytes(o *origin) int {
	if o.isHost() {
		return maxWaitingBytes
	}
	return maxNestedWaitingBytes / max(1, len(t.nested))
}
