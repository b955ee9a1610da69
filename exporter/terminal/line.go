package terminal

import (
	"strings"

	"container_start_exporter/exporter/view"
)

// line is one line on a terminal. It never gets wider than the terminal.
type line struct {
	o      Options
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
