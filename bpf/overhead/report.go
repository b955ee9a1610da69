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

// write writes the report, its tables as Markdown has them.
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
Nanoseconds of a step with nothing attached, and with each of the others how much more and how many
times as much: medians of %d rounds' quickest of %d batches, ± half the width of the middle half.

`, r.Rounds, batches)
	heads, rows := []string{"loop"}, [][]string{}
	for _, m := range r.Times {
		if m.Configuration == nothingAttached {
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

func (m Time) spread() string { return " ± " + ns((m.High-m.Low)/2) }

func (e *Events) writeLoops(to io.Writer) {
	fmt.Fprintf(to, `
Run time of the programs by the kernel's statistics, %s, nanoseconds per run: null programs, an
event that is filtered (nobody watched did it), one that is recorded.

`, e.Mechanism)
	t := newTable(to, "loop", "runs per step", "null", "filtered", "recorded", "records per step", "ns per record")
	for _, l := range e.Loops {
		t.row(l.Name, per(l.Recorded.Total.Count, l.Steps), l.Null.Total.each(), l.Filtered.Total.each(),
			l.Recorded.Total.each(), per(l.Recorded.Records, l.Steps), l.Recorded.perRecord())
	}
	a := e.Average
	t.row("**a start's mix**", "", ns(a.Null), ns(a.Filtered), ns(a.Recorded), "", ns(a.PerRecord))
	t.end()
	r := e.Reading
	fmt.Fprintf(to, "\nThe reader was woken %d times while %d records came in %v.\n",
		r.Wakeups, r.Records, r.Time.Round(time.Millisecond))
}

// writePrograms leaves out what ran by chance, for others on the host.
func (e *Events) writePrograms(to io.Writer) {
	fmt.Fprintf(to, "\nThe same by loop and program, %s.\n\n", e.Mechanism)
	t := newTable(to, "loop", "program", "runs", "filtered", "recorded")
	for _, l := range e.Loops {
		for _, name := range slices.Sorted(maps.Keys(l.Recorded.Programs)) {
			if r := l.Recorded.Programs[name]; r.Count >= uint64(l.Steps) {
				t.row(l.Name, name, fmt.Sprint(r.Count), l.Filtered.Programs[name].each(), r.each())
			}
		}
	}
	t.end()
}

func (r *Report) writeAttach(to io.Writer) error {
	fmt.Fprintf(to, "\nMilliseconds until all is attached, and how many of them are the exporter's CPU time.\n\n")
	t := newTable(to, "mechanism", "", "median", "least", "CPU")
	for _, a := range r.Attach {
		t.row(a.Mechanism, a.What, ns(a.Median), ns(a.Least), ns(a.CPU))
	}
	return t.end()
}

func ns(n float64) string { return fmt.Sprintf("%.0f", n) }

func per(n uint64, steps int) string { return fmt.Sprintf("%.1f", float64(n)/float64(steps)) }

// each is nanoseconds per run.
func (r Runs) each() string {
	if r.Count == 0 {
		return "–"
	}
	return ns(float64(r.Time) / float64(r.Count))
}

func (d Driven) perRecord() string { return Runs{d.Records, d.Total.Time}.each() }

// table is one of Markdown, with its columns under one another.
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
