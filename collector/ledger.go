package collector

// ledger counts what became of each event. Every event is in exactly one of
// joined, node, unjoined and waiting: their sum is received.
type ledger struct {
	received uint64
	joined   uint64 // to a start
	node     uint64 // belong to the node, not to a start
	unjoined uint64 // had keys that no start owned in time
	waiting  int    // for a start that owns one of their keys
}

// disposition is what became of an event when it was handled.
type disposition uint8

const (
	unrelated disposition = iota // belongs to the node, not to a start
	joined                       // belongs to a start
	pending                      // waits for a key, or was counted when its key was resolved
)

func (l *ledger) receive() { l.received++ }

// settle counts an event that was handled.
func (l *ledger) settle(d disposition) {
	switch d {
	case unrelated:
		l.node++
	case joined:
		l.joined++
	}
}

// wait counts an event that waits from now on.
func (l *ledger) wait() { l.waiting++ }

// join counts an event that has waited, and was joined to a start.
func (l *ledger) join() {
	l.waiting--
	l.joined++
}

// expire counts an event that has waited in vain.
func (l *ledger) expire() {
	l.waiting--
	l.unjoined++
}

// refuse counts an event for which there was no room to wait.
func (l *ledger) refuse() { l.unjoined++ }
