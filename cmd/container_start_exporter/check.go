package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"

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
	if note := pidNamespaceNote(); note != "" {
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

// kernelBTF returns the file with the kernel's BTF, which the probes need, or what
// is needed to have it.
func kernelBTF() string {
	const file = "/sys/kernel/btf/vmlinux"
	if _, err := os.Stat(file); err != nil {
		return "missing: a kernel with CONFIG_DEBUG_INFO_BTF=y is needed"
	}
	return file
}
