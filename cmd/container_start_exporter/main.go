// Command container_start_exporter times every container start on a Linux host
// from the kernel, phase by phase, and tells it as Prometheus metrics, as
// OpenTelemetry traces, on a page and in the terminal.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const program = "container_start_exporter"

// The exit statuses of our own. A command that `run` has run gives its own.
const (
	statusFailed = 1
	statusUsage  = 2
)

// exitStatus is an error that says nothing: the process ends with this status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() { os.Exit(run(os.Args[1:])) }

// run parses the command line and does what it says. It returns the status to
// exit with.
func run(args []string) int {
	app := kingpin.New(program, "Times container starts from the kernel, phase by phase. Without a command it serves metrics.")
	app.HelpFlag.Short('h').Help("Show help and exit.")
	app.Version(version.Print(program))
	app.VersionFlag.Help("Show the version and exit.")
	app.UsageWriter(os.Stdout).ErrorWriter(os.Stderr)
	app.UsageTemplate(usage).UsageFuncs(usageFuncs)
	app.Interspersed(first(args) != "run") // what follows the command of run is the command's

	c := common{}
	c.addFlags(app)
	commands := map[string]func() error{}
	for _, add := range []func(*kingpin.Application, *common) (*kingpin.CmdClause, func() error){
		addServe, addRun, addWatch, addEvents, addReplay, addCheck,
	} {
		clause, do := add(app, &c)
		commands[clause.FullCommand()] = do
	}
	name, err := app.Parse(args)
	if err != nil {
		complain(fmt.Errorf("%w: try %s --help", err, program))
		return statusUsage
	}
	return status(commands[name]())
}

// first is the first word that is no flag.
func first(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

// status tells the user of an error and returns the status that it means.
func status(err error) int {
	var s exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &s):
		return int(s)
	}
	complain(err)
	return statusFailed
}

// complain writes an error as one line.
func complain(err error) {
	text := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(os.Stderr, "%s: %s\n", program, text)
}

// interrupted returns a channel that is closed by SIGINT or SIGTERM. A second
// one ends the process as usual.
func interrupted() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		<-signals
		signal.Stop(signals)
		close(done)
	}()
	return done
}
