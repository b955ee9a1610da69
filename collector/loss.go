package collector

import "fmt"

// loss is the latest time in which events were lost.
type loss struct {
	from, to int64
	what     string
}

func (l *loss) during(from, to int64) bool { return l.to != 0 && from <= l.to && to >= l.from }

// lose remembers that events were lost: what any of them said is not known, so
// no start of that time is whole.
func (a *Assembler) onLost(e *Event) disposition {
	a.lost = loss{from: e.Since, to: e.Time, what: fmt.Sprintf("%d %s events were lost", e.Lost, e.What)}
	for _, att := range a.attempts {
		att.markIncomplete(a.lost.what)
	}
	return unrelated
}
