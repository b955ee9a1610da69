package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/terminal"
	"container_start_exporter/exporter/view"
)

// report writes starts as they are reported, and counts them.
type report struct {
	w     io.Writer
	write func(*start.Start) error

	nested bool // show nested starts

	starts, failed, incomplete int
	hidden                     int        // nested starts that are not shown
	err                        error      // the first error of writing
	broken                     chan error // receives err
}

// newReport returns a report that writes JSON, one object per line, or else calls
// draw with each start.
func newReport(w io.Writer, format string, draw func(*start.Start) error) *report {
	r := &report{w: w, write: draw, broken: make(chan error, 1)}
	if format == formatJSON {
		lines := view.NewJSONLines(w)
		r.write = func(s *start.Start) error { return lines.Write(s) }
	}
	return r
}

// drawWaterfalls returns a function that draws a start in full, with an empty line
// between two of them.
func drawWaterfalls(w io.Writer, o terminal.Options) func(*start.Start) error {
	before := ""
	return func(s *start.Start) error {
		var b strings.Builder
		b.WriteString(before)
		before = "\n"
		if err := terminal.Waterfall(&b, s, o); err != nil {
			return err
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
}

// drawLines returns a function that draws a start on one line.
func drawLines(w io.Writer, o terminal.Options) func(*start.Start) error {
	return func(s *start.Start) error { return terminal.Line(w, s, o) }
}

// add counts a start and writes it, unless writing has failed before.
func (r *report) add(s *start.Start) {
	if s.Kind == start.Nested && !r.nested {
		r.hidden++
		return
	}
	r.starts++
	switch s.Outcome {
	case start.Failed:
		r.failed++
	case start.Incomplete:
		r.incomplete++
	}
	if r.err != nil {
		return
	}
	if r.err = r.write(s); r.err != nil {
		r.err = fmt.Errorf("write the report: %w", r.err)
		r.broken <- r.err
	}
}

// warnHidden prints how many nested starts were not shown, if there were any.
func (r *report) warnHidden() {
	if r.hidden > 0 {
		fmt.Fprintf(os.Stderr, "%s: %d nested container starts are not shown: --nested shows them\n", program, r.hidden)
	}
}

// summary returns a line with the numbers of starts and of lost events. If there was
// no start, it adds during: where none was seen.
func (r *report) summary(during string, lost uint64) string {
	parts := []string{fmt.Sprintf("%d container starts", r.starts)}
	switch r.starts {
	case 0:
		parts[0] = "no container start seen" + during
	case 1:
		parts[0] = "1 container start"
	}
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{uint64(r.failed), "failed"},
		{uint64(r.incomplete), "incomplete"},
		{uint64(r.hidden), "nested not shown (--nested shows them)"},
		{lost, "events lost (a larger --buffer-size may help)"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(parts, ", ")
}
