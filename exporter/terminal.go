package exporter

import (
	"io"
	"slices"
	"strings"

	"container_start_exporter/collector"
)

// The columns of a waterfall: where the labels begin, the numbers end and the
// bars begin, which take what is left of the line. A narrow terminal gets
// shorter labels, then no bars.
const (
	labelColumn = 2
	atColumn    = 33
	tookColumn  = 42
	shareColumn = 49
	barColumn   = 51
	minBar      = 8
	maxShift    = 13 // what a narrow terminal takes from the labels
)

// maxError bounds the line that says why a start failed.
const maxError = 400

// Waterfall draws a start: a header, a line for each phase with when it began,
// how long it took, its share of the whole and a bar to scale; beneath, in the
// same columns, what was done in the phases; at last what the start has made
// and why it failed. What came from processes on the host is escaped; no line
// is wider than the terminal.
func Waterfall(w io.Writer, s *collector.Start, o TerminalOptions) error {
	d := &drawing{o: o, start: s, scale: scaleOf(s.Duration)}
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
	o     TerminalOptions
	start *collector.Start
	scale scale
	shift int // of all columns but the first, to the left
	b     strings.Builder
}

func (d *drawing) line(draw func(*line)) {
	l := &line{o: d.o}
	draw(l)
	d.b.WriteString(l.String())
}

// header tells what was started, and how it ended.
func (d *drawing) header() {
	s, end := d.start, ending(d.start)
	room := d.o.width() - columns(end) - 2
	d.line(func(l *line) {
		l.addMax(title(s), room, bold)
		if s.Image != "" {
			l.addMax("  ", room-l.column, plain)
			l.addMax(s.Image, room-l.column, plain)
		}
		l.right(end, d.o.width(), outcomeShade(s.Outcome))
	})
	d.line(func(l *line) { l.add(subtitle(s), dim) })
}

func (d *drawing) phases() {
	d.b.WriteString("\n")
	d.line(func(l *line) {
		l.to(labelColumn)
		l.add("phase", dim)
		l.right("at "+d.scale.unit, atColumn-d.shift, dim)
		l.right("took "+d.scale.unit, tookColumn-d.shift, dim)
		l.right("share", shareColumn-d.shift, dim)
	})
	for i := range d.start.Phases {
		d.phase(&d.start.Phases[i])
	}
}

func (d *drawing) phase(p *collector.Phase) {
	name := plain
	if d.start.FailedPhase == p.Name {
		name = bad
	}
	d.line(func(l *line) {
		d.label(l, string(p.Name), name)
		l.right(d.scale.number(p.Begin), atColumn-d.shift, plain)
		l.right(d.scale.number(p.Duration), tookColumn-d.shift, bold)
		l.right(share(p.Duration, d.start.Duration), shareColumn-d.shift, plain)
		skip, drawn := bar(p.Begin, p.Duration, d.start.Duration, d.cells(), d.o.pick(blocks, hashes))
		l.to(barColumn - d.shift + skip)
		l.add(drawn, phaseShade(p.Name))
	})
}

func (d *drawing) steps() {
	list, left := steps(d.start)
	if len(list) == 0 {
		return
	}
	d.b.WriteString("\n")
	for i := range list {
		d.step(&list[i])
	}
	if left > 0 {
		d.line(func(l *line) {
			l.to(labelColumn)
			l.add("and "+plural(left, "operation")+" more", dim)
		})
	}
}

func (d *drawing) step(st *step) {
	d.line(func(l *line) {
		name := plain
		if st.failed {
			name = bad
		}
		d.label(l, st.label, name)
		l.right(d.scale.number(st.begin), atColumn-d.shift, dim)
		l.right(d.scale.number(st.duration), tookColumn-d.shift, plain)
		if st.folded {
			l.to(barColumn - d.shift)
			l.add(st.note, dim)
			return
		}
		skip, drawn := bar(st.begin, st.duration, d.start.Duration, d.cells(), d.o.pick(thin, dashes))
		before := skip > d.cells()/2 // where there is room for the note
		if l.to(barColumn - d.shift); before && st.note != "" {
			l.addMax(st.note, skip-1, bad)
		}
		l.to(barColumn - d.shift + skip)
		if l.add(drawn, phaseShade(st.phase)); !before && st.note != "" {
			l.add(" "+st.note, bad)
		}
	})
}

// label writes the first column.
func (d *drawing) label(l *line, s string, as shade) {
	l.to(labelColumn)
	l.addMax(s, atColumn-d.shift-8-labelColumn, as)
}

// cells is how wide the bars may get.
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
		l.add(counts(d.start), dim)
	})
	if d.start.Error == "" {
		return
	}
	why := words(string(d.start.Outcome), inPhase(d.start.FailedPhase)) + ": " + d.start.Error
	for _, part := range wrap(escape(why, maxError, d.o.ASCII), d.o.width()-labelColumn) {
		d.line(func(l *line) {
			l.to(labelColumn)
			l.add(part, outcomeShade(d.start.Outcome))
		})
	}
}

// wrap breaks an escaped text at spaces into lines of at most max columns; a
// word that is longer than a line is cut by the line itself.
func wrap(text string, max int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && columns(lines[last])+1+columns(word) <= max {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return slices.Clip(lines)
}
