package main

import (
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"container_start_exporter/exporter/view"
)

func addWatch(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("watch", "Show container starts as they happen, one line each. "+
		"A line shows when the start began, its container, engine and runtime, how long it took, how it ended, "+
		"and its phases as a bar to scale, with the longest phase beside it. Without colour the bar is made of letters: "+view.PhaseLetters()+".")
	cmd.HelpLong(examples(program+" watch --waterfall",
		program+" watch --wait-ready --ready-timeout=10s"))
	var format string
	addFormatFlag(cmd, &format, "Output format: text (a line per start), json (an object per line).", formatText, formatJSON)
	waterfall := cmd.Flag("waterfall", "Draw each start in full instead of on one line.").Bool()
	wait := c.addWaitReady(cmd)
	c.addNested(cmd, "Show")
	c.addStartTimeout(cmd)
	c.addReadFlags(cmd)
	return cmd, func() error { return watch(c, format, *waterfall, wait()) }
}

func watch(c *common, format string, waterfall bool, wait time.Duration) error {
	o := terminalOptions(os.Stdout)
	draw := drawLines(os.Stdout, o)
	if waterfall {
		draw = drawWaterfalls(os.Stdout, o)
	}
	r := newReport(os.Stdout, format, draw)
	r.nested = c.nested
	b := newReadyBuffer(wait, r.add)
	defer b.flush()
	defer r.warnHidden()
	p := newPipeline(c.config(), b, nil)
	return follow(c, p.setMissing, p.bundles.Handle, r.broken)
}
