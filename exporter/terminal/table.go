package terminal

import (
	"fmt"
	"io"
	"time"

	"container_start_exporter/collector/event"
)

// maxDetails bounds the details of an event, in columns: an argument list may
// have 2 MiB.
const maxDetails = 1000

// The columns of a table, after the time.
const (
	commColumn    = 13
	pidColumn     = 37 // its end
	actionColumn  = 38
	detailsColumn = 53
)

// Table writes the kernel's events for people: time of day, command, pid,
// action and details, with flags and errors by name. Text from processes on the
// host is escaped and bounded. Rows are not cut to the width of the terminal:
// at their end is what people look for, such as a mount's target.
type Table struct {
	w     io.Writer
	o     Options
	clock time.Duration // wall clock minus boot time; 0 until a clock event
	begun bool
}

// NewTable returns a table that writes to w.
func NewTable(w io.Writer, o Options) *Table {
	o.Width = detailsColumn + maxDetails
	return &Table{w: w, o: o}
}

// Event writes a row, before the first one a header. A clock event has no row:
// it sets the clock.
func (t *Table) Event(e *event.Event) error {
	if e.Kind == event.KindClock {
		t.clock = time.Duration(e.Wall - e.Time)
		return nil
	}
	if !t.begun {
		t.begun = true
		if err := t.row("time", "command", "pid", "action", dim, "details"); err != nil {
			return err
		}
	}
	return t.row(t.time(e), comm(e), pid(e), string(e.Kind), actionStyle(e), details(e, t.o.ASCII))
}

func (t *Table) row(at, comm, pid, action string, as style, details string) error {
	l := &line{o: t.o}
	l.add(at, dim)
	l.to(commColumn)
	l.addMax(comm, 16, plain)
	l.right(pid, pidColumn, plain)
	l.to(actionColumn)
	l.addMax(action, detailsColumn-actionColumn-1, as)
	l.to(detailsColumn)
	l.add(details, plain)
	_, err := io.WriteString(t.w, l.String())
	return err
}

// time returns the time of day at which an event was complete, or the seconds
// since boot if there was no clock event yet.
func (t *Table) time(e *event.Event) string {
	if t.clock == 0 {
		return fmt.Sprintf("%.3f", time.Duration(e.Time).Seconds())
	}
	return time.Unix(0, e.Time+int64(t.clock)).Format("15:04:05.000")
}

// comm returns the thread's name; events that the exporter adds have none.
func comm(e *event.Event) string {
	if e.Comm == "" {
		return "-"
	}
	return e.Comm
}

func pid(e *event.Event) string {
	if e.PID == 0 {
		return "-"
	}
	return fmt.Sprint(e.PID)
}

func actionStyle(e *event.Event) style {
	switch {
	case e.Kind == event.KindLost || e.Ret < 0:
		return bad
	case e.Kind == event.KindExec:
		return good
	case e.Kind == event.KindProcess || e.Kind == event.KindBundle:
		return dim
	}
	return plain
}
