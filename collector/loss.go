package collector

import (
	"cmp"
	"fmt"

	"container_start_exporter/collector/event"
)

// loss is the latest period in which events were lost.
type loss struct {
	from, to int64
	what     string
}

func (l *loss) during(from, to int64) bool { return l.to != 0 && from <= l.to && to >= l.from }

// onLost records that events were lost. Any start may be missing some of them, so
// every start of that period is incomplete. What an origin has lost because of its
// quota, only its own starts miss.
func (a *Assembler) onLost(e *event.Event) disposition {
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
