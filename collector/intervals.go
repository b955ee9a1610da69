package collector

import (
	"cmp"
	"slices"
)

// interval is a period of boot time, ns.
type interval struct{ from, to int64 }

// intervals are periods that may overlap.
type intervals []interval

func (i *intervals) add(from, to int64) { *i = append(*i, interval{from, to}) }

// union returns when the first of the intervals begins and for how long at least
// one of them lasts, cut to the time from start to end.
func (i intervals) union(start, end int64) (begin, duration int64) {
	sorted := slices.SortedFunc(slices.Values(i), func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	begin = end
	reached := start
	for _, v := range sorted {
		from, to := max(v.from, reached), min(v.to, end)
		begin = min(begin, max(v.from, start))
		if to > from {
			duration += to - from
			reached = to
		}
	}
	return begin, duration
}
