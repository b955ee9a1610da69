package exporter

import (
	"strconv"
	"strings"

	"container_start_exporter/collector"
	"container_start_exporter/exporter/view"
)

// TerminalOptions describe what a terminal can show. The zero value is 80
// columns, UTF-8 and no colour.
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

// style is how a part of a line is drawn: the parameters of an SGR sequence.
type style string

const (
	plain style = ""
	bold  style = "1"
	dim   style = "2"
	good  style = "32"
	bad   style = "1;31"
	warn  style = "33"
)

// phaseStyle returns the colour of a phase.
func phaseStyle(name collector.PhaseName) style {
	if c := view.StyleOf(name).Color; c != 0 {
		return style("38;5;" + strconv.Itoa(c))
	}
	return plain
}

// outcomeStyle returns green, red or yellow.
func outcomeStyle(o collector.Outcome) style {
	switch o {
	case collector.Started:
		return good
	case collector.Failed:
		return bad
	}
	return warn
}

// line is one line on a terminal. It never gets wider than the terminal.
type line struct {
	o      TerminalOptions
	b      strings.Builder
	column int
}

// add appends untrusted text, clipped to the rest of the line.
func (l *line) add(s string, as style) { l.addMax(s, l.o.width(), as) }

// addMax appends untrusted text in at most max columns.
func (l *line) addMax(s string, max int, as style) {
	s = view.Escape(s, min(max, l.o.width()-l.column), l.o.ASCII)
	l.column += view.Columns(s)
	if l.o.Color && as != plain && s != "" {
		s = "\x1b[" + string(as) + "m" + s + "\x1b[0m"
	}
	l.b.WriteString(s)
}

// to pads with spaces up to a column, or with one space if the text is already
// beyond it.
func (l *line) to(column int) {
	if column < l.column {
		column = l.column + 1
	}
	column = min(column, l.o.width())
	l.b.WriteString(strings.Repeat(" ", max(0, column-l.column)))
	l.column = max(column, l.column)
}

// right appends text that ends before a column.
func (l *line) right(s string, column int, as style) {
	l.to(column - view.Columns(s))
	l.add(s, as)
}

// String returns the line and its line break, without trailing spaces.
func (l *line) String() string { return strings.TrimRight(l.b.String(), " ") + "\n" }
