package page

import (
	"html/template"
	"time"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/view"
)

// The page's template renders these types. All text is escaped as on a terminal,
// and once more by the template.

type content struct {
	Options
	CSS          template.CSS
	Live         bool // the page reloads itself
	Seen, Failed int
	Starts       []startView
}

type startView struct {
	Time, Title, Image, Subtitle string
	Outcome, Ending, Why         string
	Longest, Unit, Counts, Lacks string
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

// maxText bounds each text of the page, in columns.
const maxText = 160

func text(s string) string { return view.Escape(s, maxText, false) }

func viewStart(s *start.Start, open bool) startView {
	sc := view.ScaleOf(s.Duration)
	v := startView{
		Time:  s.Begin.Local().Format("15:04:05"),
		Title: text(view.Title(s)), Image: text(s.Image), Subtitle: text(view.Subtitle(s)),
		Outcome: text(string(s.Outcome)), Ending: text(view.Ending(s)), Why: view.Escape(s.Error, view.MaxError, false),
		Unit: sc.Unit, Counts: view.Counts(s), Lacks: view.Escape(view.Lacks(s), view.MaxError, false), Open: open,
	}
	if p := view.Longest(s); p != nil && s.Outcome == start.Started {
		v.Longest = string(p.Name) + " " + view.Share(p.Duration, s.Duration)
	}
	for _, p := range s.Phases {
		r := viewRow(s, sc, string(p.Name), p.Name, p.Begin, p.Duration)
		r.Share, r.Bad = view.Share(p.Duration, s.Duration), p.Name == s.FailedPhase
		v.Phases = append(v.Phases, r)
	}
	list, omitted := view.Steps(s)
	v.More = view.Omitted(omitted)
	for _, st := range list {
		r := viewRow(s, sc, st.Label, st.Phase, st.Begin, st.Duration)
		r.Note, r.Bad, r.Folded = text(st.Note), st.Failed, st.Folded
		v.Steps = append(v.Steps, r)
	}
	return v
}

func viewRow(s *start.Start, sc view.Scale, label string, phase start.PhaseName, begin, duration time.Duration) rowView {
	const cells = 1000
	r := rowView{Label: text(label), Class: phaseClass(phase), At: sc.Number(begin), Took: sc.Number(duration)}
	if s.Duration > 0 {
		r.X = view.Position(begin, s.Duration, cells)
		r.Width = view.Position(begin+duration, s.Duration, cells) - r.X
		r.Width = max(r.Width, 2) // a sliver
		r.X = min(r.X, cells-r.Width)
	}
	return r
}

// phaseClass returns a phase's class in the style sheet.
func phaseClass(name start.PhaseName) string { return "p-" + string(view.StyleOf(name).Phase) }
