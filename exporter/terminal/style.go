package terminal

import (
	"strconv"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/view"
)

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
func phaseStyle(name start.PhaseName) style {
	if c := view.StyleOf(name).Color; c != 0 {
		return style("38;5;" + strconv.Itoa(c))
	}
	return plain
}

// outcomeStyle returns green, red or yellow.
func outcomeStyle(o start.Outcome) style {
	switch o {
	case start.Started:
		return good
	case start.Failed:
		return bad
	}
	return warn
}
