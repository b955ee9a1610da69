package collector

import (
	"cmp"
	"slices"
)

// interval is a stretch of time.
type interval struct{ from, to int64 }

// intervals are stretches of time that may overlap.
type intervals []interval

func (l *intervals) add(from, to int64) { *l = append(*l, interval{from, to}) }

// union is when the first begins, and for how long at least one of them lasts,
// of what lies between start and end.
func (l intervals) union(start, end int64) (begin, took int64) {
	sorted := slices.SortedFunc(slices.Values(l), func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	begin = end
	reached := start
	for _, v := range sorted {
		from, to := max(v.from, reached), min(v.to, end)
		begin = min(begin, max(v.from, start))
		if to > from {
			took += to - from
			reached = to
		}
	}
	return begin, took
}
