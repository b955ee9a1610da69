// Command container_start_exporter times every container start on a Linux host
// from inside the kernel, phase by phase, and reports it as Prometheus metrics,
// OpenTelemetry traces, a web page and waterfalls in the terminal.
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

// The exit statuses. That of run is its command's: see run.go.
const (
	statusFailed = 1
	statusUsage  = 2
)

// exitStatus is an error without a message: the process exits with this status.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() { os.Exit(run(os.Args[1:])) }

// run parses the command line, runs the command in it and returns the exit status.
func run(args []string) int {
	app := kingpin.New(program, "Times every container start on this host from inside the kernel, phase by phase. Without a command it runs serve.")
	app.HelpFlag.Short('h').Help("Show help and exit.")
	app.Version(version.Print(program))
	app.VersionFlag.Help("Show the version and exit.")
	app.UsageWriter(os.Stdout).ErrorWriter(os.Stderr)
	app.UsageTemplate(usage).UsageFuncs(usageFuncs)
	app.Interspersed(firstWord(args) != "run") // flags after the command of run belong to that command

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
		if bad := (*valueError)(nil); !errors.As(err, &bad) { // which says what to do
			err = fmt.Errorf("%w: try %s --help", err, program)
		}
		printError(err)
		return statusUsage
	}
	return status(commands[name]())
}

// firstWord returns the first word that is not a flag, or an empty string.
func firstWord(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

// status prints an error, unless it is only an exit status, and returns the status
// to exit with.
func status(err error) int {
	var s exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &s):
		return int(s)
	}
	printError(err)
	return statusFailed
}

// printError prints an error as one line.
func printError(err error) {
	text := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(os.Stderr, "%s: %s\n", program, text)
}

// interrupted returns a channel that is closed on SIGINT or SIGTERM. A second
// signal ends the process.
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
