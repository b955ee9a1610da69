package exporter

import (
	"strconv"
	"strings"

	"container_start_exporter/collector"
)

// TerminalOptions say what a terminal can show. The zero value is one of 80
// columns with UTF-8 and no colour.
type TerminalOptions struct {
	Width int  // columns; 0 is 80
	Color bool // ANSI colours (256)
	ASCII bool // no character beyond ASCII
}

func (o TerminalOptions) width() int {
	if o.Width <= 0 {
		return 80
	}
	return o.Width
}

// shade is how a part of a line is drawn: the parameters of an SGR sequence.
type shade string

const (
	plain shade = ""
	bold  shade = "1"
	dim   shade = "2"
	good  shade = "32"
	bad   shade = "1;31"
	fair  shade = "33"
)

// phaseColors are of the 256-colour palette, readable on black and on white.
// The page's style sheet has the same hues.
var phaseColors = map[collector.PhaseName]int{
	collector.PhasePrepare:    67,
	collector.PhaseShim:       73,
	collector.PhaseCreate:     71,
	collector.PhaseCgroup:     143,
	collector.PhaseNamespaces: 179,
	collector.PhaseRootfs:     173,
	collector.PhaseHooks:      169,
	collector.PhaseInit:       134,
	collector.PhaseWait:       245,
	collector.PhaseStart:      68,
}

func phaseShade(name collector.PhaseName) shade {
	if c, ok := phaseColors[name]; ok {
		return shade("38;5;" + strconv.Itoa(c))
	}
	return plain
}

// outcomeShade is green, red or yellow.
func outcomeShade(o collector.Outcome) shade {
	switch o {
	case collector.Started:
		return good
	case collector.Failed:
		return bad
	}
	return fair
}

// line is a line of a terminal. It never gets wider than the terminal is.
type line struct {
	o      TerminalOptions
	b      strings.Builder
	column int
}

// add appends hostile text, clipped to what is left of the line.
func (l *line) add(s string, as shade) { l.addMax(s, l.o.width(), as) }

// addMax appends hostile text in at most max columns.
func (l *line) addMax(s string, max int, as shade) {
	s = escape(s, min(max, l.o.width()-l.column), l.o.ASCII)
	l.column += columns(s)
	if l.o.Color && as != plain && s != "" {
		s = "\x1b[" + string(as) + "m" + s + "\x1b[0m"
	}
	l.b.WriteString(s)
}

// to fills with spaces up to a column; text that has gone beyond it is followed
// by one.
func (l *line) to(column int) {
	if column < l.column {
		column = l.column + 1
	}
	column = min(column, l.o.width())
	l.b.WriteString(strings.Repeat(" ", max(0, column-l.column)))
	l.column = max(column, l.column)
}

// right appends text that ends before a column.
func (l *line) right(s string, column int, as shade) {
	l.to(column - columns(s))
	l.add(s, as)
}

// String returns the line and its end, without trailing spaces.
func (l *line) String() string { return strings.TrimRight(l.b.String(), " ") + "\n" }
