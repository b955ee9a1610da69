package main

import (
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"container_start_exporter/exporter"
)

func addWatch(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("watch", "Show container starts as they happen, one line each. "+
		"A line tells when the start began, its container, the engine and the runtime, how long it took, how it ended, "+
		"and the phases as a bar to scale with the longest beside it. Without colour the bar is of letters: "+exporter.PhaseLetters+".")
	format := formatFlag(cmd, "How a start is written: text (a line), json (one object per line).", formatText, formatJSON)
	whole := cmd.Flag("waterfall", "Draw each start in full instead of on one line.").Bool()
	wait := c.waitFlag(cmd)
	return cmd, func() error { return watch(c, *format, *whole, wait()) }
}

func watch(c *common, format string, whole bool, wait time.Duration) error {
	o := terminalOptions(os.Stdout)
	draw := lines(os.Stdout, o)
	if whole {
		draw = waterfalls(os.Stdout, o)
	}
	r := newReport(os.Stdout, format, draw)
	h := newHold(wait, r.add)
	defer h.flush()
	return follow(c, newPipeline(c.config(), h).annotator.Handle, r.broken)
}
