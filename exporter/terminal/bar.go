package terminal

import (
	"math"
	"strings"
	"time"

	"container_start_exporter/exporter/view"
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

// bar draws an interval, to a scale on which total fills the cells. It returns
// the number of cells before the bar, and the bar: at least a sliver, however
// short the interval is.
func bar(begin, duration, total time.Duration, cells int, g glyphs) (skip int, drawn string) {
	if total <= 0 || cells <= 0 {
		return 0, ""
	}
	from, until := view.Position(begin, total, cells), view.Position(begin+duration, total, cells)
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
