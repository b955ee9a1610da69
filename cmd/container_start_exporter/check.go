package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"
)

func addCheck(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("check", "Tell what this kernel and these privileges allow. "+
		"It attaches the probes, tells hook by hook how or why not and what is missing without it, "+
		"and which capability would give more, and detaches them. "+
		"It exits with 0 if starts can be timed, else with 1.")
	return cmd, func() error { return check(os.Stdout, c) }
}

func check(w io.Writer, c *common) error {
	fmt.Fprintf(w, "kernel      %s, %s\n", release(), runtime.GOARCH)
	fmt.Fprintf(w, "BTF         %s\n", types())
	fmt.Fprintf(w, "privileges  %s\n", heldCapabilities())
	probes, err := openProbes(c)
	if err != nil {
		return err
	}
	defer probes.Close()
	fmt.Fprintln(w)
	return writeHooks(w, probes.Hooks())
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown: " + err.Error()
	}
	return unix.ByteSliceToString(u.Release[:])
}

// types says whether the kernel describes its types, which the probes need.
func types() string {
	const file = "/sys/kernel/btf/vmlinux"
	if _, err := os.Stat(file); err != nil {
		return "missing: a kernel with CONFIG_DEBUG_INFO_BTF=y is needed"
	}
	return file
}
