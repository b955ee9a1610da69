package terminal

import (
	"io"
	"slices"
	"strings"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/view"
)

// The columns of a waterfall: where the labels begin, the numbers end and the
// bars begin, which fill the rest of the line. A narrow terminal gets shorter
// labels, then no bars.
const (
	labelColumn = 2
	atColumn    = 33
	tookColumn  = 42
	shareColumn = 49
	barColumn   = 51
	minBar      = 8
	maxShift    = 13 // the most that a narrow terminal shortens the labels
)

// Waterfall draws a start: a header; a line for each phase with its begin,
// duration, share of the whole and a bar to scale; below them, in the same
// columns, the operations; at the end what the start created and why it failed.
// Text from processes on the host is escaped. No line is wider than the
// terminal.
func Waterfall(w io.Writer, s *start.Start, o Options) error {
	d := &drawing{o: o, start: s, scale: view.ScaleOf(s.Duration)}
	d.shift = max(0, min(barColumn+minBar-o.width(), maxShift))
	d.header()
	d.phases()
	d.steps()
	d.footer()
	_, err := io.WriteString(w, d.b.String())
	return err
}

// drawing is a waterfall being drawn.
type drawing struct {
	o     Options
	start *start.Start
	scale view.Scale
	shift int // by which all columns but the first move to the left
	b     strings.Builder
}

func (d *drawing) line(draw func(*line)) {
	l := &line{o: d.o}
	draw(l)
	d.b.WriteString(l.String())
}

// header draws what was started and how it ended.
func (d *drawing) header() {
	s, end := d.start, view.Ending(d.start)
	room := d.o.width() - view.Columns(end) - 2
	d.line(func(l *line) {
		l.addMax(view.Title(s), room, bold)
		if s.Image != "" {
			l.addMax("  ", room-l.column, plain)
			l.addMax(s.Image, room-l.column, plain)
		}
		l.right(end, d.o.width(), outcomeStyle(s.Outcome))
	})
	d.line(func(l *line) { l.add(view.Subtitle(s), dim) })
}

func (d *drawing) phases() {
	d.b.WriteString("\n")
	d.line(func(l *line) {
		l.to(labelColumn)
		l.add("phase", dim)
		l.right("at "+d.scale.Unit, atColumn-d.shift, dim)
		l.right("took "+d.scale.Unit, tookColumn-d.shift, dim)
		l.right("share", shareColumn-d.shift, dim)
	})
	for i := range d.start.Phases {
		d.phase(&d.start.Phases[i])
	}
}

func (d *drawing) phase(p *start.Phase) {
	name := plain
	if d.start.FailedPhase == p.Name {
		name = bad
	}
	d.line(func(l *line) {
		d.label(l, string(p.Name), name)
		l.right(d.scale.Number(p.Begin), atColumn-d.shift, plain)
		l.right(d.scale.Number(p.Duration), tookColumn-d.shift, bold)
		l.right(view.Share(p.Duration, d.start.Duration), shareColumn-d.shift, plain)
		skip, drawn := bar(p.Begin, p.Duration, d.start.Duration, d.cells(), d.o.pick(blocks, hashes))
		l.to(barColumn - d.shift + skip)
		l.add(drawn, phaseStyle(p.Name))
	})
}

func (d *drawing) steps() {
	list, omitted := view.Steps(d.start)
	if len(list) == 0 {
		return
	}
	d.b.WriteString("\n")
	for i := range list {
		d.step(&list[i])
	}
	if omitted > 0 {
		d.line(func(l *line) {
			l.to(labelColumn)
			l.add(view.Omitted(omitted), dim)
		})
	}
}

func (d *drawing) step(st *view.Step) {
	d.line(func(l *line) {
		name := plain
		if st.Failed {
			name = bad
		}
		d.label(l, st.Label, name)
		l.right(d.scale.Number(st.Begin), atColumn-d.shift, dim)
		l.right(d.scale.Number(st.Duration), tookColumn-d.shift, plain)
		if st.Folded {
			l.to(barColumn - d.shift)
			l.add(st.Note, dim)
			return
		}
		skip, drawn := bar(st.Begin, st.Duration, d.start.Duration, d.cells(), d.o.pick(thin, dashes))
		before := skip > d.cells()/2 // the note goes where there is room for it
		if l.to(barColumn - d.shift); before && st.Note != "" {
			l.addMax(st.Note, skip-1, bad)
		}
		l.to(barColumn - d.shift + skip)
		if l.add(drawn, phaseStyle(st.Phase)); !before && st.Note != "" {
			l.add(" "+st.Note, bad)
		}
	})
}

// label writes the first column.
func (d *drawing) label(l *line, s string, as style) {
	l.to(labelColumn)
	l.addMax(s, atColumn-d.shift-8-labelColumn, as)
}

// cells returns how wide the bars may get, 0 if there is no room for any.
func (d *drawing) cells() int {
	if n := d.o.width() - barColumn + d.shift; n >= minBar {
		return n
	}
	return 0
}

func (d *drawing) footer() {
	d.b.WriteString("\n")
	d.line(func(l *line) {
		l.to(labelColumn)
		l.add(view.Counts(d.start), dim)
	})
	d.wrapped(view.Lacks(d.start), dim)
	d.wrapped(view.Reason(d.start), outcomeStyle(d.start.Outcome))
}

// wrapped draws a text in as many lines as it needs.
func (d *drawing) wrapped(text string, as style) {
	for _, part := range wrap(view.Escape(text, view.MaxError, d.o.ASCII), d.o.width()-labelColumn) {
		d.line(func(l *line) {
			l.to(labelColumn)
			l.add(part, as)
		})
	}
}

// wrap breaks an escaped text at spaces into lines of at most max columns. A
// longer word is cut when its line is drawn.
func wrap(text string, max int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && view.Columns(lines[last])+1+view.Columns(word) <= max {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return slices.Clip(lines)
}
