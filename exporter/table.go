package exporter

import (
	"fmt"
	"io"
	"time"

	"container_start_exporter/collector"
)

// maxContent bounds a row of a table, in columns: an argument list may have
// 2 MiB.
const maxContent = 1000

// The columns of a table, after the time.
const (
	commColumn    = 13
	pidColumn     = 37 // where it ends
	actionColumn  = 38
	contentColumn = 53
)

// Table writes the kernel's events for people: time of day, command, pid,
// action and content. Flags and errors have their names. What came from
// processes on the host is escaped and bounded. Rows are not cut to the width
// of the terminal: a mount's target is what one looks for.
type Table struct {
	w     io.Writer
	o     TerminalOptions
	clock time.Duration // wall clock - boot clock; 0 is not known yet
	begun bool
}

// NewTable makes a table that is written to w.
func NewTable(w io.Writer, o TerminalOptions) *Table {
	o.Width = contentColumn + maxContent
	return &Table{w: w, o: o}
}

// Event writes a row, the first time after a header. A clock event has none:
// it sets the clock.
func (t *Table) Event(e *collector.Event) error {
	if e.Kind == collector.KindClock {
		t.clock = time.Duration(e.Wall - e.Time)
		return nil
	}
	if !t.begun {
		t.begun = true
		if err := t.row("time", "command", "pid", "action", dim, "content"); err != nil {
			return err
		}
	}
	return t.row(t.time(e), comm(e), pid(e), string(e.Kind), actionStyle(e), content(e, t.o.ASCII))
}

func (t *Table) row(at, comm, pid, action string, as style, content string) error {
	l := &line{o: t.o}
	l.add(at, dim)
	l.to(commColumn)
	l.addMax(comm, 16, plain)
	l.right(pid, pidColumn, plain)
	l.to(actionColumn)
	l.addMax(action, contentColumn-actionColumn-1, as)
	l.to(contentColumn)
	l.add(content, plain)
	_, err := io.WriteString(t.w, l.String())
	return err
}

// time is the time of day at which an event was complete, or the seconds since
// boot where no clock has been seen.
func (t *Table) time(e *collector.Event) string {
	if t.clock == 0 {
		return fmt.Sprintf("%.3f", time.Duration(e.Time).Seconds())
	}
	return time.Unix(0, e.Time+int64(t.clock)).Format("15:04:05.000")
}

// comm is the thread's name; what the exporter adds itself has none.
func comm(e *collector.Event) string {
	if e.Comm == "" {
		return "-"
	}
	return e.Comm
}

func pid(e *collector.Event) string {
	if e.PID == 0 {
		return "-"
	}
	return fmt.Sprint(e.PID)
}

func actionStyle(e *collector.Event) style {
	switch {
	case e.Kind == collector.KindLost || e.Ret < 0:
		return bad
	case e.Kind == collector.KindExec:
		return good
	case e.Kind == collector.KindProcess || e.Kind == collector.KindBundle:
		return dim
	}
	return plain
}
