package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
	"container_start_exporter/internal/privilege"
)

func addCheck(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("check", "Show what this kernel and these privileges allow. "+
		"For each kernel probe it shows how it is attached, or why not, what is missing without it, "+
		"and which capability would restore it. It attaches the probes and detaches them. "+
		"The exit status is 0 if starts can be timed, else 1.")
	cmd.HelpLong(examples(program+" check",
		program+" check --probe.mechanism=kprobe"))
	c.addProbeFlags(cmd)
	return cmd, func() error { return check(os.Stdout, c) }
}

func check(w io.Writer, c *common) error {
	fmt.Fprintf(w, "kernel      %s, %s\n", kernelRelease(), runtime.GOARCH)
	fmt.Fprintf(w, "BTF         %s\n", kernelBTF())
	fmt.Fprintf(w, "privileges  %s\n", privilege.Describe())
	if note, _ := pidNamespace(); note != "" {
		fmt.Fprintf(w, "pids        %s\n", note)
	}
	probes, err := openProbes(c)
	if err != nil {
		return err
	}
	defer probes.Close()
	fmt.Fprintln(w)
	return writeProbes(w, probes.Status())
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown: " + err.Error()
	}
	return unix.ByteSliceToString(u.Release[:])
}

// kernelBTF returns the file with the kernel's BTF, which the probes need, or that there
// is none: what to do then is in the error of openProbes.
func kernelBTF() string {
	if _, err := os.Stat(bpf.KernelBTF); err != nil {
		return "missing"
	}
	return bpf.KernelBTF
}
