package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func (r *Report) encode(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *Report) save(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(r.encode(f), f.Close())
}

// write prints the report, its tables in Markdown.
func (r *Report) write(to io.Writer) error {
	fmt.Fprintf(to, "Linux %s, %d CPUs.\n", r.Kernel, r.CPUs)
	for _, what := range slices.Sorted(maps.Keys(r.Without)) {
		fmt.Fprintf(to, "Not measured: %s: %s.\n", what, r.Without[what])
	}
	if len(r.Times) > 0 {
		r.writeTimes(to)
	}
	for _, e := range r.Events {
		e.writeLoops(to)
		e.writePrograms(to)
	}
	if len(r.Attach) > 0 {
		return r.writeAttach(to)
	}
	return nil
}

func (r *Report) writeTimes(to io.Writer) {
	fmt.Fprintf(to, `
Nanoseconds per step: the baseline, with nothing attached, then for each configuration the difference
from it and the ratio. Medians over %d rounds of the quickest of %d batches, ± half the interquartile range.

`, r.Rounds, batches)
	heads, rows := []string{"loop"}, [][]string{}
	for _, m := range r.Times {
		if m.Configuration == baseline {
			rows = append(rows, []string{m.Loop, ns(m.Median) + m.spread()})
		} else {
			at := &rows[len(rows)-1]
			*at = append(*at, fmt.Sprintf("%+.0f%s, ×%.2f", math.Round(m.More)+0, m.spread(), m.Ratio)) // +0: never -0
		}
		if len(rows) == 1 {
			heads = append(heads, m.Configuration)
		}
	}
	t := newTable(to, heads...)
	for _, row := range rows {
		t.row(row...)
	}
	t.end()
}

func (t Time) spread() string { return " ± " + ns((t.High-t.Low)/2) }

func (e *Events) writeLoops(to io.Writer) {
	fmt.Fprintf(to, `
Run time of the programs by the kernel's statistics, %s, nanoseconds per run: null programs, an
event that is filtered (its process is not watched), one that is recorded.

`, e.Mechanism)
	t := newTable(to, "loop", "runs per step", "null", "filtered", "recorded", "records per step", "ns per record")
	for _, l := range e.Loops {
		t.row(l.Name, per(l.Recorded.Total.Count, l.Steps), l.Null.Total.perRun(), l.Filtered.Total.perRun(),
			l.Recorded.Total.perRun(), per(l.Recorded.Records, l.Steps), l.Recorded.perRecord())
	}
	a := e.Average
	t.row("**a start's mix**", "", ns(a.Null), ns(a.Filtered), ns(a.Recorded), "", ns(a.PerRecord))
	t.end()
	r := e.Reading
	fmt.Fprintf(to, "\nThe reader was woken %d times while %d records arrived within %v.\n",
		r.Wakeups, r.Records, r.Time.Round(time.Millisecond))
}

// writePrograms leaves out programs that ran less than once per step: other
// processes of the host caused that.
func (e *Events) writePrograms(to io.Writer) {
	fmt.Fprintf(to, "\nThe same by loop and program, %s.\n\n", e.Mechanism)
	t := newTable(to, "loop", "program", "runs", "filtered", "recorded")
	for _, l := range e.Loops {
		for _, name := range slices.Sorted(maps.Keys(l.Recorded.Programs)) {
			if r := l.Recorded.Programs[name]; r.Count >= uint64(l.Steps) {
				t.row(l.Name, name, fmt.Sprint(r.Count), l.Filtered.Programs[name].perRun(), r.perRun())
			}
		}
	}
	t.end()
}

func (r *Report) writeAttach(to io.Writer) error {
	fmt.Fprintf(to, "\nMilliseconds until all probes are attached, and how many of them are CPU time of the exporter.\n\n")
	t := newTable(to, "mechanism", "", "median", "minimum", "CPU")
	for _, a := range r.Attach {
		t.row(a.Mechanism, a.What, ns(a.Median), ns(a.Least), ns(a.CPU))
	}
	return t.end()
}

func ns(n float64) string { return fmt.Sprintf("%.0f", n) }

func per(n uint64, steps int) string { return fmt.Sprintf("%.1f", float64(n)/float64(steps)) }

// perRun returns the nanoseconds per run, or a dash if nothing ran.
func (r Runs) perRun() string {
	if r.Count == 0 {
		return "–"
	}
	return ns(float64(r.Time) / float64(r.Count))
}

func (c Counted) perRecord() string { return Runs{c.Records, c.Total.Time}.perRun() }

// table writes a Markdown table with aligned columns.
type table struct{ *tabwriter.Writer }

func newTable(to io.Writer, heads ...string) table {
	t := table{tabwriter.NewWriter(to, 0, 0, 1, ' ', 0)}
	t.row(heads...)
	t.row(slices.Repeat([]string{"---"}, len(heads))...)
	return t
}

func (t table) row(cells ...string) {
	fmt.Fprintf(t, "| %s\t|\n", strings.Join(cells, "\t| "))
}

func (t table) end() error { return t.Flush() }
