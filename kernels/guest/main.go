// Guest runs in a virtual machine, as root and alone: it starts containers by
// each runtime and engine there is, beside the exporter, and compares what that
// says with what was started. It knows the exporter only as its users do, and
// a container by what its engine and /proc say.
//
// Each check is a line of JSON on standard output: see finding. The exit status
// is 0 when all could be made, whatever they found. Nothing is stopped or
// removed: the machine is off afterwards.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1)
	}
}

func run() error {
	busybox, err := makeRootfs("/tmp/rootfs")
	if err != nil {
		return err
	}
	docker, err := startDocker(busybox)
	if err != nil {
		return err
	}
	progress("Docker answers")
	exporter, err := startExporter()
	if err != nil {
		return err
	}
	progress("the exporter is attached")
	all, err := startAll(docker, busybox)
	if err != nil {
		return err
	}
	progress("all is started")
	if err := exporter.settle(len(all)); err != nil {
		report("settle", err.Error())
	}
	progress("all is told of")
	if err := compareAll(exporter, all); err != nil {
		return err
	}
	report("syscall tracepoints", syscallTracepoints()...)
	report("end")
	return nil
}

var began = time.Now()

// progress tells people where the time goes.
func progress(what string) {
	fmt.Fprintf(os.Stderr, "%4.0f s: %s\n", time.Since(began).Seconds(), what)
}
