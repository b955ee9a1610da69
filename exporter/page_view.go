package exporter

import (
	"html/template"
	"time"

	"container_start_exporter/collector"
	"container_start_exporter/exporter/view"
)

// The page's template renders these types. All text is escaped as on a terminal,
// and once more by the template.

type pageView struct {
	PageOptions
	CSS          template.CSS
	Live         bool // the page reloads itself
	Seen, Failed int
	Starts       []startView
}

type startView struct {
	Time, Title, Image, Subtitle string
	Outcome, Ending, Why         string
	Longest, Unit, Counts        string
	Open                         bool
	Phases, Steps                []rowView
	More                         string // how many operations are not shown
}

// rowView is a row of a waterfall. X and Width are in thousandths of the
// start's duration.
type rowView struct {
	Label, Class, Note string
	At, Took, Share    string
	X, Width           float64
	Bad, Folded        bool
}

// maxPageText bounds each text of the page, in columns.
const maxPageText = 160

func pageText(s string) string { return escape(s, maxPageText, false) }

func viewStart(s *collector.Start, open bool) startView {
	sc := scaleOf(s.Duration)
	v := startView{
		Time:  s.Begin.Local().Format("15:04:05"),
		Title: pageText(title(s)), Image: pageText(s.Image), Subtitle: pageText(subtitle(s)),
		Outcome: pageText(string(s.Outcome)), Ending: pageText(ending(s)), Why: escape(s.Error, maxError, false),
		Unit: sc.unit, Counts: counts(s), Open: open,
	}
	if p := longest(s); p != nil && s.Outcome == collector.Started {
		v.Longest = string(p.Name) + " " + share(p.Duration, s.Duration)
	}
	for _, p := range s.Phases {
		r := viewRow(s, sc, string(p.Name), p.Name, p.Begin, p.Duration)
		r.Share, r.Bad = share(p.Duration, s.Duration), p.Name == s.FailedPhase
		v.Phases = append(v.Phases, r)
	}
	list, omitted := steps(s)
	for _, st := range list {
		r := viewRow(s, sc, st.label, st.phase, st.begin, st.duration)
		r.Note, r.Bad, r.Folded = pageText(st.note), st.failed, st.folded
		v.Steps = append(v.Steps, r)
	}
	if omitted > 0 {
		v.More = "and " + plural(omitted, "more operation")
	}
	return v
}

func viewRow(s *collector.Start, sc scale, label string, phase collector.PhaseName, begin, duration time.Duration) rowView {
	const cells = 1000
	r := rowView{Label: pageText(label), Class: phaseClass(phase), At: sc.number(begin), Took: sc.number(duration)}
	if s.Duration > 0 {
		r.X = position(begin, s.Duration, cells)
		r.Width = position(begin+duration, s.Duration, cells) - r.X
		r.Width = max(r.Width, 2) // a sliver
		r.X = min(r.X, cells-r.Width)
	}
	return r
}

// phaseClass returns a phase's class in the style sheet.
func phaseClass(name collector.PhaseName) string { return "p-" + string(view.StyleOf(name).Phase) }
