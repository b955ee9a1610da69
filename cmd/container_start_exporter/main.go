// Command container_start_exporter times every container start on a Linux host
// from inside the kernel, phase by phase, and reports it as Prometheus metrics,
// OpenTelemetry traces, a web page and waterfalls in the terminal.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
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

// memoryLimit is a soft limit of what Go's heap may take: as it comes near, garbage is
// collected more often. It is well above what is in use, and well below the limit of
// the manifests in deploy/, so that a burst of events does not have the process killed.
const memoryLimit = 64 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(run(os.Args[1:]))
}

// run parses the command line, runs the command in it and returns the exit status.
func run(args []string) int {
	_, do, err := parse(args)
	if err != nil {
		printError(err)
		return statusUsage
	}
	return status(do())
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
