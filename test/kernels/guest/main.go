// Guest runs in a virtual machine, as root, with no other user of the machine: as
// guest, or as guest systemd where pid 1 is systemd and the engines are its units.
// It starts containers with each runtime and engine that is installed, beside
// the exporter, and compares the exporter's reports with what was started. It
// uses the exporter only as users do, and takes the facts about a container from
// its engine and /proc.
//
// Each check prints a line of JSON on standard output: see finding. The exit
// status is 0 if all checks could be made, whatever they found. Nothing is
// stopped or removed, because the machine powers off afterwards.
package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

func main() {
	if err := run(slices.Contains(os.Args[1:], "systemd")); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

// run makes all checks. On a host of systemd's, the engines are its units.
func run(systemd bool) error {
	busybox, err := makeRootfs("/tmp/rootfs")
	if err != nil {
		return err
	}
	var start func() ([]container, error)
	if systemd {
		start, err = units(busybox)
	} else {
		start, err = daemons(busybox)
	}
	if err != nil {
		return err
	}
	progress("the engines answer")
	exporter, err := startExporter()
	if err != nil {
		return err
	}
	progress("the exporter's probes are attached")
	all, err := start()
	if err != nil {
		return err
	}
	progress("all containers are started")
	if err := exporter.settle(len(all)); err != nil {
		report("settle", err.Error())
	}
	progress("all starts are reported")
	if err := compareAll(exporter, all); err != nil {
		return err
	}
	report("syscall tracepoints", syscallTracepoints()...)
	report("end")
	return nil
}

// daemons starts Docker, and returns what starts containers with it and without an engine.
func daemons(root string) (func() ([]container, error), error) {
	d, err := startDocker(root)
	return func() ([]container, error) { return startAll(d, root) }, err
}

var began = time.Now()

// progress prints on standard error what was reached and after how many seconds.
func progress(what string) {
	fmt.Fprintf(os.Stderr, "%4.0f s: %s\n", time.Since(began).Seconds(), what)
}
