package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"

	"container_start_exporter/bpf"
	"container_start_exporter/collector/event"
	"container_start_exporter/exporter/terminal"
	"container_start_exporter/exporter/view"
	"container_start_exporter/internal/bundle"
)

func addEvents(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("events", "Show the raw kernel events of container starts as they happen. "+
		"Columns: time, command, pid, action, details. "+
		"With --format json it writes a recording, which replay reads. "+
		"Both show the arguments of the programs that are executed, which may hold secrets: read a recording before you give it to anybody.")
	cmd.HelpLong(examples(program+" events",
		program+" events --format=json > recording.jsonl"))
	var format string
	addFormatFlag(cmd, &format, "Output format: table (a row per event), json (an object per line).", formatTable, formatJSON)
	c.addReadFlags(cmd)
	return cmd, func() error { return events(c, format) }
}

func events(c *common, format string) error {
	write := terminal.NewTable(os.Stdout, terminalOptions(os.Stdout)).Event
	if format == formatJSON {
		lines := view.NewJSONLines(os.Stdout)
		write = func(e *event.Event) error { return lines.Write(e) }
	}
	broken := make(chan error, 1)
	var failed error
	a := bundle.NewReader(func(e *event.Event) {
		if failed != nil {
			return
		}
		if failed = write(e); failed != nil {
			broken <- fmt.Errorf("write an event: %w", failed)
		}
	})
	return follow(c, func([]bpf.ProbeStatus) {}, a.Handle, broken)
}
