package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"container_start_exporter/collector"
	"container_start_exporter/collector/event"
)

func addReplay(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("replay", "Show the starts in a recording of kernel events. "+
		"The recording is what `events --format json` wrote; it goes through the same code as events from the kernel. "+
		"A start that has not ended at the end of the file is incomplete. Needs neither root nor BPF.")
	cmd.HelpLong(examples(program+" replay recording.jsonl",
		program+" replay --format=json recording.jsonl > starts.jsonl"))
	var format string
	addFormatFlag(cmd, &format, "Output format: text (a waterfall per start), json (an object per line).", formatText, formatJSON)
	c.addNames(cmd)
	c.addNested(cmd, "Show")
	c.addStartTimeout(cmd)
	name := cmd.Arg("FILE", "The recording, or - for standard input.").Required().String()
	return cmd, func() error { return replay(c, format, *name) }
}

func replay(c *common, format, name string) error {
	if name == "" && slices.Contains(os.Args, "-") {
		name = "-" // kingpin passes it as an empty word
	}
	in, err := open(name)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer in.Close()
	r := newReport(os.Stdout, format, drawWaterfalls(os.Stdout, terminalOptions(os.Stdout)))
	r.nested = c.nested
	a := collector.New(c.config(), startFunc(r.add), nil)
	n := 0
	err = event.Read(in, func(e *event.Event) {
		n++
		a.Handle(e)
	})
	if err != nil && n == 0 {
		err = notRecording(err)
	}
	if err != nil {
		return fmt.Errorf("replay %s: %w", name, withoutPath(err))
	}
	a.Close()
	if r.err != nil {
		return r.err
	}
	if format == formatText {
		fmt.Fprintln(os.Stderr, r.summary("", 0))
	} else {
		r.warnHidden()
	}
	return nil
}

func open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return os.Stdin, nil
	}
	return os.Open(name)
}

// notRecording returns the error for a file whose first line that is not empty is
// not an event: something else was recorded. An error of reading the file stays as
// it is. The errors of ReadEvents begin with the number of the line.
func notRecording(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return err
	}
	line, _, _ := strings.Cut(err.Error(), ": ")
	return fmt.Errorf("%s: not a recording: replay reads what %q writes", line, "events --format json")
}

// withoutPath returns the cause of an error about a file whose name is printed
// already, and any other error as it is.
func withoutPath(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err
	}
	return err
}
