package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/alecthomas/kingpin/v2"

	"container_start_exporter/collector"
)

func addReplay(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("replay", "Show the starts in recorded events, read from a file. "+
		"It is what `events --format json` has written, and goes through the same code as events from the kernel; "+
		"a start that has not ended at the end of the file is incomplete. It needs neither root nor Linux's BPF.")
	format := formatFlag(cmd, "How a start is written: text (a waterfall), json (one object per line).", formatText, formatJSON)
	name := cmd.Arg("FILE", "The recording; - is standard input.").Required().String()
	return cmd, func() error { return replay(c, *format, *name) }
}

func replay(c *common, format, name string) error {
	if name == "" && slices.Contains(os.Args, "-") {
		name = "-" // kingpin makes it an empty word
	}
	in, err := open(name)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer in.Close()
	r := newReport(os.Stdout, format, waterfalls(os.Stdout, terminalOptions(os.Stdout)))
	a := collector.New(c.config(), onStart(r.add))
	if err := collector.ReadEvents(in, a.Handle); err != nil {
		return fmt.Errorf("replay %s: %w", name, plain(err))
	}
	a.Close()
	if r.err != nil {
		return r.err
	}
	if format == formatText {
		fmt.Fprintln(os.Stderr, r.summary(0))
	}
	return nil
}

func open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return os.Stdin, nil
	}
	return os.Open(name)
}

// plain is an error without the name of the file, which is said already.
func plain(err error) error {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}
