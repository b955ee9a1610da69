package exporter

import (
	"math"
	"strings"
	"time"
)

// glyphs are the characters that a bar is drawn with.
type glyphs struct {
	full  string
	ends  []string // the last cell, from the least to the most filled
	begin string   // the first cell, if the bar begins in its right half
}

var (
	blocks = glyphs{full: "█", ends: []string{"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}, begin: "▐"}
	thin   = glyphs{full: "━", ends: []string{"╸", "━"}, begin: "╺"}
	hashes = glyphs{full: "#", ends: []string{"#"}, begin: "#"}
	dashes = glyphs{full: "-", ends: []string{"-"}, begin: "-"}
)

// pick returns the glyphs that the terminal can show.
func (o TerminalOptions) pick(unicode, ascii glyphs) glyphs {
	if o.ASCII {
		return ascii
	}
	return unicode
}

// bar draws an interval, to a scale on which total fills the cells. It returns
// the number of cells before the bar, and the bar: at least a sliver, however
// short the interval is.
func bar(begin, duration, total time.Duration, cells int, g glyphs) (skip int, drawn string) {
	if total <= 0 || cells <= 0 {
		return 0, ""
	}
	from, until := position(begin, total, cells), position(begin+duration, total, cells)
	skip = min(int(from), cells-1)
	last := int(until) // the cell that is only partly filled
	if until-from < 1 && last > skip && until-float64(last) > 0.5*(until-from) {
		skip = min(last, cells-1) // a sliver is drawn where most of it is
	}
	if until-from < 1 || last <= skip {
		return skip, g.end(until - from)
	}
	var b strings.Builder
	if from-float64(skip) >= 0.5 {
		b.WriteString(g.begin)
	} else {
		b.WriteString(g.full)
	}
	b.WriteString(strings.Repeat(g.full, last-skip-1))
	if part := until - float64(last); part*float64(len(g.ends)) >= 0.5 {
		b.WriteString(g.end(part))
	}
	return skip, b.String()
}

// end returns the character for a partly filled cell (part is 0 to 1), at least
// a sliver.
func (g glyphs) end(part float64) string {
	n := int(math.Round(part*float64(len(g.ends)))) - 1
	return g.ends[max(0, min(n, len(g.ends)-1))]
}

// position returns where a moment lies, in cells from the left: 0 to cells.
func position(at, total time.Duration, cells int) float64 {
	p := float64(at) / float64(total) * float64(cells)
	return max(0, min(p, float64(cells)))
}

// apportion divides cells among durations, in whole cells that sum to cells, by
// the method of largest remainders. If no duration is positive, all get none.
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
