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
// every start of that period is incomplete.
func (a *Assembler) onLost(e *event.Event) disposition {
	what := fmt.Sprintf("%d %s events were lost", e.Lost, cmp.Or(e.What, "unknown"))
	if e.Cause != "" {
		what += ": " + e.Cause
	}
	a.lost = loss{from: e.Since, to: e.Time, what: bounded(what)}
	for _, att := range a.starts.all {
		att.failure.markIncomplete(a.lost.what)
	}
	return unrelated
}
