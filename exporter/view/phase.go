package view

import (
	"slices"
	"strings"

	"container_start_exporter/collector/start"
)

// PhaseStyle is how a phase is drawn.
type PhaseStyle struct {
	Phase  start.PhaseName
	Letter string // in a bar without colours, one ASCII character
	Color  int    // on a terminal, in the palette of 256 colours; 0 is none
	Hue    string // on a page, as in CSS: #rrggbb
}

// phaseStyles are the styles of the phases, in the order of the phases of runc.
// The colours are readable on black and on white, the hues of a terminal and of
// a page are similar.
var phaseStyles = []PhaseStyle{
	{start.PhasePrepare, "p", 67, "#5f87af"},
	{start.PhaseShim, "s", 73, "#46a3a3"},
	{start.PhaseCreate, "c", 71, "#56a85c"},
	{start.PhaseCgroup, "g", 143, "#a9a945"},
	{start.PhaseNamespaces, "n", 179, "#d9a441"},
	{start.PhaseRootfs, "r", 173, "#d7875f"},
	{start.PhaseHooks, "h", 169, "#cf5fa3"},
	{start.PhaseInit, "i", 134, "#9a5fd0"},
	{start.PhaseWait, "w", 245, "#9a9a9a"},
	{start.PhaseStart, "t", 68, "#4f79c9"},
	otherPhase,
}

// otherPhase is the style of all phases without one of their own.
var otherPhase = PhaseStyle{Phase: "other", Letter: "?", Hue: "#777"}

// PhaseStyles returns the styles of all phases, and last that of other phases.
func PhaseStyles() []PhaseStyle { return slices.Clone(phaseStyles) }

// StyleOf returns the style of a phase, or that of other phases.
func StyleOf(name start.PhaseName) PhaseStyle {
	for _, s := range phaseStyles {
		if s.Phase == name {
			return s
		}
	}
	return otherPhase
}

// PhaseLetters returns the legend of a bar without colours: phase=letter, with
// spaces between them.
func PhaseLetters() string {
	var list []string
	for _, s := range phaseStyles {
		if s != otherPhase {
			list = append(list, string(s.Phase)+"="+s.Letter)
		}
	}
	return strings.Join(list, " ")
}
