package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
)

func addCheck(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("check", "Tell what this kernel and these privileges allow. "+
		"It attaches the probes, tells hook by hook how or why not and what is missing without it, and detaches them. "+
		"It exits with 0 if starts can be timed, else with 1.")
	return cmd, func() error { return check(os.Stdout, c) }
}

func check(w io.Writer, c *common) error {
	fmt.Fprintf(w, "kernel      %s, %s\n", release(), runtime.GOARCH)
	fmt.Fprintf(w, "BTF         %s\n", btf())
	fmt.Fprintf(w, "privileges  %s\n", privileges())
	probes, err := openProbes(c)
	if err != nil {
		return err
	}
	defer probes.Close()
	return writeHooks(w, probes.Hooks())
}

// writeHooks writes the table of hooks and what it comes to.
func writeHooks(w io.Writer, hooks []bpf.Hook) error {
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "hook\tmechanism\tattached\twhat it gives")
	attached := 0
	for _, h := range hooks {
		if h.Attached {
			attached++
			fmt.Fprintf(table, "%s\t%s\tyes\t%s\n", h.Name, h.Mechanism, h.Feeds)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\tno\t%s\n", h.Name, h.Mechanism, missing(h))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(w, "\n%d of %d hooks are attached: starts can be timed%s\n", attached, len(hooks), without(hooks))
	return nil
}

// without says in one line what it comes to that hooks are missing.
func without(hooks []bpf.Hook) string {
	text := ""
	for _, h := range hooks {
		if h.Attached {
			continue
		}
		text = ", but not what is MISSING above"
		if errors.Is(h.Err, fs.ErrPermission) {
			return text + ": tracefs is root's, to read it takes CAP_DAC_READ_SEARCH"
		}
	}
	return text
}

// missing says what there is not without a hook, and why.
func missing(h bpf.Hook) string {
	text := "MISSING: " + h.Feeds
	if h.Err != nil {
		text += " (" + strings.Join(strings.Fields(h.Err.Error()), " ") + ")"
	}
	return text
}

func release() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown: " + err.Error()
	}
	return unix.ByteSliceToString(u.Release[:])
}

// btf says whether the kernel describes its types, which the probes need.
func btf() string {
	const file = "/sys/kernel/btf/vmlinux"
	if _, err := os.Stat(file); err != nil {
		return "missing: a kernel with CONFIG_DEBUG_INFO_BTF=y is needed"
	}
	return file
}

// privileges says which of the capabilities that matter the process has.
func privileges() string {
	held, err := capabilities()
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, c := range []struct {
		number int
		name   string
	}{
		{unix.CAP_BPF, "CAP_BPF"}, {unix.CAP_PERFMON, "CAP_PERFMON"}, {unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
		{unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE"}, {unix.CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"},
	} {
		if held(c.number) {
			list = append(list, c.name)
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}
