package exporter

import (
	"math"
	"strings"
	"time"
)

// ink are the characters that a bar is drawn with.
type ink struct {
	full  string
	ends  []string // the last cell, from the least to the most of it
	begin string   // the first cell, where the bar begins in its right half
}

var (
	blocks = ink{full: "█", ends: []string{"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}, begin: "▐"}
	thin   = ink{full: "━", ends: []string{"╸", "━"}, begin: "╺"}
	hashes = ink{full: "#", ends: []string{"#"}, begin: "#"}
	dashes = ink{full: "-", ends: []string{"-"}, begin: "-"}
)

// pick returns one of two inks: the first, or its like in ASCII.
func (o TerminalOptions) pick(fine, coarse ink) ink {
	if o.ASCII {
		return coarse
	}
	return fine
}

// bar draws what began at begin and lasted long, to the scale of total in
// cells. It returns the cells before the bar and the bar. Whatever happened is
// at least a sliver.
func bar(begin, long, total time.Duration, cells int, with ink) (skip int, drawn string) {
	if total <= 0 || cells <= 0 {
		return 0, ""
	}
	from, until := position(begin, total, cells), position(begin+long, total, cells)
	skip = min(int(from), cells-1)
	last := int(until) // the cell that is only partly filled
	if until-from < 1 && last > skip && until-float64(last) > 0.5*(until-from) {
		skip = min(last, cells-1) // a sliver is drawn where most of it is
	}
	if until-from < 1 || last <= skip {
		return skip, with.end(until - from)
	}
	var b strings.Builder
	if from-float64(skip) >= 0.5 {
		b.WriteString(with.begin)
	} else {
		b.WriteString(with.full)
	}
	b.WriteString(strings.Repeat(with.full, last-skip-1))
	if part := until - float64(last); part*float64(len(with.ends)) >= 0.5 {
		b.WriteString(with.end(part))
	}
	return skip, b.String()
}

// end is the character of a cell that is filled by a part, at least a sliver.
func (i ink) end(part float64) string {
	n := int(math.Round(part*float64(len(i.ends)))) - 1
	return i.ends[max(0, min(n, len(i.ends)-1))]
}

// position is where a moment lies, in cells from the left.
func position(at, total time.Duration, cells int) float64 {
	p := float64(at) / float64(total) * float64(cells)
	return max(0, min(p, float64(cells)))
}

// apportion gives each of the durations its share of the cells, whole cells
// that sum to all of them, by the largest remainders.
func apportion(durations []time.Duration, cells int) []int {
	total := 0.
	for _, d := range durations {
		total += max(0, float64(d))
	}
	shares := make([]int, len(durations))
	if total <= 0 {
		return shares
	}
	rest, left := make([]float64, len(durations)), cells
	for i, d := range durations {
		exact := max(0, float64(d)) / total * float64(cells)
		shares[i] = int(exact)
		rest[i] = exact - float64(shares[i])
		left -= shares[i]
	}
	for ; left > 0; left-- {
		most := 0
		for i := range rest {
			if rest[i] > rest[most] {
				most = i
			}
		}
		shares[most]++
		rest[most] = -1
	}
	return shares
}
