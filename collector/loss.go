package collector

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"container_start_exporter/collector/event"
)

// loss is the latest period in which events were lost.
type loss struct {
	from, to int64
	what     string
}

// ofNoStart are the kinds of events that no start has in its record.
var ofNoStart = []event.Kind{event.KindCgroupRmdir, event.KindVethDellink, event.KindListen}

// lossReach is how long before the first event that was seen of a start another may have
// been lost that belongs to it: a CNI plugin may take seconds before the shim.
const lossReach = 10 * time.Second

// lossOf returns the latest loss that may have been of events of a start that ends at a
// boot time, nil if there was none.
func (a *Assembler) lossOf(att *attempt, at int64) *loss {
	for _, l := range []*loss{&a.lost, &att.origin.lost} {
		if l.during(att.begin-int64(lossReach), at) {
			return l
		}
	}
	return nil
}

func (l *loss) during(from, to int64) bool { return l.to != 0 && from <= l.to && to >= l.from }

// onLost records that events were lost. Any start may be missing some of them, so
// every start of that period is incomplete. What an origin has lost because of its
// quota, only its own starts miss.
func (a *Assembler) onLost(e *event.Event) disposition {
	if slices.Contains(ofNoStart, event.Kind(e.What)) {
		return unrelated
	}
	what := fmt.Sprintf("%d %s events were lost", e.Lost, cmp.Or(e.What, "unknown"))
	if e.Cause != "" {
		what += ": " + e.Cause
	}
	lost := loss{from: e.Since, to: e.Time, what: bounded(what)}
	if e.Nested != 0 {
		a.originOf(e).lost = lost
	} else {
		a.lost = lost
	}
	for _, att := range a.starts.all {
		if e.Nested == 0 || att.origin == a.originOf(e) {
			att.failure.markIncomplete(lost.what)
		}
	}
	return unrelated
}
