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

// The exit statuses of `run` where the command gave none, as of a shell and of
// docker run.
const (
	statusOwnFailure = 125
	statusNoExec     = 126
	statusNotFound   = 127
	statusSignal     = 128 // and the number of the signal
)

// How long `run` waits, when its command has exited, for events that are on
// their way and for starts that have not ended.
const (
	drainTimeout = time.Second
	settleTime   = 2 * time.Second
	settleStep   = 20 * time.Millisecond
)

// runOptions are the flags of `run`.
type runOptions struct {
	format, output string
	wait           func() time.Duration // for the containers to listen
	command        []string
}

func addRun(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("run", "Run a command and report every container start during it. "+
		"The command has the terminal to itself; the report comes when it has exited, on standard error or in a file. "+
		"All starts on the host are reported, whoever asked for them. The exit status is the command's; 125 means that nothing was run.")
	o := &runOptions{}
	cmd.Flag("output", "Write the report to this file instead of standard error.").Short('o').PlaceHolder("FILE").StringVar(&o.output)
	cmd.Flag("format", "How a start is written: text (a waterfall), json (one object per line).").
		Default(formatText).EnumVar(&o.format, formatText, formatJSON)
	o.wait = c.waitFlag(cmd)
	cmd.Arg("COMMAND", "The command and its arguments, after --.").PlaceHolder("-- COMMAND ").Required().StringsVar(&o.command)
	return cmd, func() error { return runCommand(c, o) }
}

func runCommand(c *common, o *runOptions) error {
	cmd := exec.Command(o.command[0], o.command[1:]...)
	if cmd.Err != nil {
		return noCommand(cmd.Err)
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
		fmt.Fprintln(out) // apart from what the command has written last
	}
	r := newReport(out, o.format, waterfalls(out, terminalOptions(out.file)))
	h := newHold(o.wait(), r.add)
	code, lost, err := observe(c, cmd, probes, h)
	if err != nil {
		return noCommand(err)
	}
	if o.format == formatText {
		fmt.Fprintln(out, blankAfter(r)+r.summary(lost))
	}
	if err := errors.Join(r.err, out.close()); err != nil {
		complain(err)
		return exitStatus(max(code, statusFailed))
	}
	return exitStatus(code)
}

// observe runs the command and leads what happens meanwhile to the report. It
// returns the status that the command ended with, how many events were lost,
// or why the command could not begin.
func observe(c *common, cmd *exec.Cmd, probes *bpf.Probes, h *hold) (code int, lost uint64, err error) {
	p := newPipeline(c.config(), h)
	ended := make(chan error, 1)
	go func() { ended <- p.read(probes) }()
	// The command has our privileges. To pass signals on to it, whoever it has
	// become, takes one of them.
	drop := func() error { return c.dropPrivileges(probes, cap.KILL) }
	if code, err = execute(cmd, drop); err == nil {
		settle(probes, p)
	}
	lost = lostOf(probes)
	probes.Close()
	if broken := <-ended; broken != nil {
		complain(broken) // the report is of what was seen until then
	}
	p.close()
	h.flush()
	return code, lost, err
}

// execute runs a command that has our standard input, output and error, and
// passes signals on to it. It calls begun as soon as the command runs.
func execute(cmd *exec.Cmd, begun func() error) (int, error) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	stop := forwardSignals(cmd)
	defer stop()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	if err := begun(); err != nil {
		complain(err)
	}
	_ = cmd.Wait() // its state tells more
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return statusSignal + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// settle waits until all that happened has been seen and, for a while, until
// the starts in progress have ended: a command may exit before its containers
// run (docker run --detach, docker compose up).
func settle(probes *bpf.Probes, p *pipeline) {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(settleStep) {
		_ = probes.Drain(drainTimeout) // too late is told by what is incomplete
		if p.stats().InProgress == 0 || time.Now().After(deadline) {
			return
		}
	}
}

// noCommand says why a command could not be executed, and ends with the status
// that a shell would give.
func noCommand(err error) error {
	complain(fmt.Errorf("run: %w", err))
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return exitStatus(statusNotFound)
	}
	return exitStatus(statusNoExec)
}

func ownFailure(err error) error {
	complain(err)
	return exitStatus(statusOwnFailure)
}

func lostOf(probes *bpf.Probes) (n uint64) {
	for _, lost := range probes.Stats().Lost {
		n += lost
	}
	return n
}

// blankAfter separates the summary from the drawings.
func blankAfter(r *report) string {
	if r.starts == 0 {
		return ""
	}
	return "\n"
}

// output is where the report of `run` goes: to a file as it comes, to standard
// error when the command no longer writes there.
type output struct {
	io.Writer
	file *os.File
	held *bytes.Buffer // nil where nothing is held back
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
