package terminal

import (
	"io"
	"strings"
	"time"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/view"
)

// Line draws a start on one line: when it began, its name or short id, that of its pod, engine
// and runtime, duration, outcome, a bar of its phases, and the longest phase or
// the one in which it failed.
func Line(w io.Writer, s *start.Start, o Options) error {
	l := &line{o: o}
	wider := max(0, o.width()-80)
	nameWidth := 12 + wider/2
	l.add(s.Begin.Local().Format("15:04:05"), dim)
	l.to(9)
	l.addMax(view.ShortTitle(s, nameWidth, o.ASCII), nameWidth, bold)
	l.to(10 + nameWidth)
	l.addMax(view.Stack(s), 15, plain)
	l.right(view.Short(s.Duration), 34+nameWidth, plain)
	l.to(35 + nameWidth)
	l.add(string(s.Outcome), outcomeStyle(s.Outcome))
	l.to(43 + nameWidth)
	addTail(l, s)
	_, err := io.WriteString(w, l.String())
	return err
}

// addTail draws the phases of a start and names the longest, or the one in
// which it failed.
func addTail(l *line, s *start.Start) {
	const room = len("namespaces 61 %")
	addPhases(l, s, l.o.width()-l.column-room-1)
	switch p := view.Longest(s); {
	case s.Outcome == start.Failed:
		l.add(" "+view.InPhase(s.FailedPhase), bad)
	case p != nil:
		l.add(" "+string(p.Name)+" "+view.Share(p.Duration, s.Duration), plain)
	}
}

// addPhases draws the phases in cells columns: in colour, or else as the letters
// of view.PhaseLetters.
func addPhases(l *line, s *start.Start, cells int) {
	durations := make([]time.Duration, len(s.Phases))
	for i := range s.Phases {
		durations[i] = s.Phases[i].Duration
	}
	for i, n := range view.Apportion(durations, max(0, cells)) {
		if n == 0 {
			continue
		}
		name := s.Phases[i].Name
		if l.o.Color {
			l.add(strings.Repeat(l.o.pick(blocks, hashes).full, n), phaseStyle(name))
			continue
		}
		l.add(strings.Repeat(view.StyleOf(name).Letter, n), plain)
	}
}
