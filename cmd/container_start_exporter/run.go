package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// The exit statuses of run if its command has none of its own: the same as those
// of a shell and of docker run.
const (
	statusOwnFailure = 125
	statusNoExec     = 126
	statusNotFound   = 127
	statusSignal     = 128 // plus the number of the signal
)

// How long run waits after its command has exited for events in the buffer and
// for starts in progress.
const (
	drainTimeout = time.Second
	settleTime   = 2 * time.Second
	settleStep   = 20 * time.Millisecond
)

// runOptions are the flags and the arguments of run.
type runOptions struct {
	format, output string
	wait           func() time.Duration // how long to wait for containers to listen
	command        []string
}

func addRun(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("run", "Run a command and report every container start during it. "+
		"The command has the terminal to itself; the report is written after it has exited, to standard error or to a file. "+
		"All starts on the host are reported, whoever requested them. The exit status is that of the command; 125 means that run itself failed.")
	cmd.HelpLong(examples(program+" run -- docker run --rm busybox true",
		program+" run -o starts.jsonl --format=json -- make test"))
	o := &runOptions{}
	cmd.Flag("output", "Write the report to this file instead of standard error.").Short('o').PlaceHolder("FILE").StringVar(&o.output)
	addFormatFlag(cmd, &o.format, "Output format: text (a waterfall per start), json (an object per line).", formatText, formatJSON)
	o.wait = c.addWaitReady(cmd)
	c.addNested(cmd, "Show")
	c.addStartTimeout(cmd)
	c.addReadFlags(cmd)
	cmd.Arg("COMMAND", "The command and its arguments, after --.").PlaceHolder("-- COMMAND ").Required().StringsVar(&o.command)
	return cmd, func() error { return runCommand(c, o) }
}

func runCommand(c *common, o *runOptions) error {
	cmd := exec.Command(o.command[0], o.command[1:]...)
	if cmd.Err != nil {
		return commandError(cmd.Err)
	}
	out, err := createReport(o.output)
	if err != nil {
		return ownFailure(err)
	}
	probes, err := openProbes(c)
	if err != nil {
		return ownFailure(err)
	}
	defer probes.Close()
	if o.output == "" && o.format == formatText {
		fmt.Fprintln(out) // separates the report from the command's output
	}
	r := newReport(out, o.format, drawWaterfalls(out, terminalOptions(out.file)))
	r.nested = c.nested
	b := newReadyBuffer(o.wait(), r.add)
	end, lost, err := observe(c, cmd, probes, b)
	if err != nil {
		return commandError(err)
	}
	if o.format == formatText {
		fmt.Fprintln(out, blankAfter(r)+r.summary(end.during(cmd.Path), lost))
	}
	if o.format == formatJSON {
		r.warnHidden()
	}
	if err := errors.Join(r.err, out.close()); err != nil {
		printError(err)
		return exitStatus(max(end.code(), statusFailed))
	}
	return exitStatus(end.code())
}

// observe runs the command and reports the starts during it. It returns how the
// command ended and the number of lost events, or an error if the command could
// not be executed.
func observe(c *common, cmd *exec.Cmd, probes *bpf.Probes, b *readyBuffer) (end ending, lost uint64, err error) {
	p := newPipeline(c.config(), b, nil)
	ended := make(chan error, 1)
	go func() { ended <- p.read(probes) }()
	// The command has the privileges of this process. Passing signals on to it,
	// whichever user it has become, needs one of them.
	drop := func() error { return c.dropPrivileges(probes, cap.KILL) }
	if end, err = execute(cmd, drop); err == nil {
		settle(probes, p)
	}
	lost = lostEvents(probes)
	probes.Close()
	if broken := <-ended; broken != nil {
		printError(broken) // report what was seen until then
	}
	p.close()
	b.flush()
	return end, lost, err
}

// execute runs a command with the standard input, output and error of this
// process, and passes signals on to it. It calls started as soon as the command
// runs.
func execute(cmd *exec.Cmd, started func() error) (ending, error) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals, stop := catchSignals()
	defer stop()
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return ending{}, err
	}
	// Only now: a signal that came earlier waits until there is a process to have it.
	go forwardSignals(signals, cmd.Process)
	exited := make(chan ending)
	go func() { // started may last longer than the command
		_ = cmd.Wait() // ProcessState has the details
		exited <- ending{cmd.ProcessState.Sys().(syscall.WaitStatus), time.Since(begin)}
	}()
	if err := started(); err != nil {
		printError(err)
	}
	return <-exited, nil
}

// settle waits until all events until now are handled and, at most settleTime,
// until the starts in progress have ended: a command may exit before its
// containers run (docker run --detach, docker compose up).
func settle(probes *bpf.Probes, p *pipeline) {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(settleStep) {
		_ = probes.Drain(drainTimeout) // after a timeout, starts are incomplete
		if p.stats().InProgress == 0 || time.Now().After(deadline) {
			return
		}
	}
}

// commandError prints why the command could not be executed, and returns the exit
// status that a shell would have.
func commandError(err error) error {
	printError(fmt.Errorf("run: %w", withoutCall(err)))
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return exitStatus(statusNotFound)
	}
	return exitStatus(statusNoExec)
}

// withoutCall returns an error of os/exec without the call that failed: only the
// command and the cause.
func withoutCall(err error) error {
	var search *exec.Error
	var start *fs.PathError
	switch {
	case errors.As(err, &search):
		return fmt.Errorf("%s: %w", search.Name, search.Err)
	case errors.As(err, &start):
		return fmt.Errorf("%s: %w", start.Path, start.Err)
	}
	return err
}

// ownFailure prints an error of run itself, and returns its exit status.
func ownFailure(err error) error {
	printError(err)
	return exitStatus(statusOwnFailure)
}

func lostEvents(probes *bpf.Probes) (n uint64) {
	for loss, lost := range probes.Stats().Lost {
		if loss.Cause != bpf.CauseOverQuota { // else only nested starts lack them
			n += lost
		}
	}
	return n
}

// blankAfter returns the empty line between the drawings, if any, and the summary.
func blankAfter(r *report) string {
	if r.starts == 0 {
		return ""
	}
	return "\n"
}

// output is where the report of run is written: to a file at once, to standard
// error when the command has exited.
type output struct {
	io.Writer
	file *os.File
	held *bytes.Buffer // the report until close, or nil if file is written at once
}

func createReport(name string) (*output, error) {
	if name == "" {
		held := &bytes.Buffer{}
		return &output{Writer: held, file: os.Stderr, held: held}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create the report: %w", err)
	}
	return &output{Writer: f, file: f}, nil
}

func (o *output) close() error {
	if o.held != nil {
		_, err := o.held.WriteTo(o.file)
		return err
	}
	return o.file.Close()
}
