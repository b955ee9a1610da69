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

	exporter, err := startExporter()
	if err != nil {
		return err
	}
	all, err := startAll(docker, busybox)
	if err != nil {
		return err
	}
	if err := exporter.settle(len(all)); err != nil {
		report("settle", err.Error())
	}
	if err := compareAll(exporter, all); err != nil {
		return err
	}
	report("syscall tracepoints", syscallTracepoints()...)
	report("end")
	return nil
}
