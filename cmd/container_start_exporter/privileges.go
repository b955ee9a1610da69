package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// privilege is a capability that the probes attach without, and what there is
// not without it.
type privilege struct {
	capability cap.Value
	without    string
	// matters tells whether that is lost with these hooks and this user.
	matters func(hooks []bpf.Hook) bool
}

// optional is the table of them, which is in the README too.
var optional = []privilege{
	{cap.SYS_PTRACE, "starts whose runtime is in another mount namespace than the exporter, " +
		"or is given its bundle by a relative path, have no name, no image and no kinds of hooks",
		func([]bpf.Hook) bool { return true }},
	{cap.DAC_READ_SEARCH, "starts whose bundle only another user may read have no name, no image and no kinds of hooks",
		func([]bpf.Hook) bool { return os.Geteuid() != 0 }},
	{cap.DAC_READ_SEARCH, "the tracepoints of system calls are not attached, as tracefs is root's",
		anyHook(tracefsForbidden)},
	{cap.SYS_ADMIN, "the tracepoints of system calls are not attached where tracefs is not mounted",
		anyHook(tracefsMissing)},
	{cap.SYS_ADMIN, "neither kprobes nor tracepoints of system calls are attached where kernel.perf_event_paranoid is more than 2",
		func(hooks []bpf.Hook) bool { return perfIsSysAdmins() && anyHook(refused)(hooks) }},
	{cap.SYS_ADMIN, "functions of modules are not found by fentry, only by kprobe",
		func(hooks []bpf.Hook) bool { return modulesHaveTypes() && anyHook(notFound)(hooks) }},
}

func anyHook(is func(bpf.Hook) bool) func([]bpf.Hook) bool {
	return func(hooks []bpf.Hook) bool { return slices.ContainsFunc(hooks, is) }
}

func tracefsForbidden(h bpf.Hook) bool {
	var file *fs.PathError
	return errors.As(h.Err, &file) && errors.Is(file, fs.ErrPermission) && strings.Contains(file.Path, "/events/syscalls/")
}

func tracefsMissing(h bpf.Hook) bool { return errors.Is(h.Err, bpf.ErrNoTracefs) }

func refused(h bpf.Hook) bool { return errors.Is(h.Err, fs.ErrPermission) }

// perfIsSysAdmins tells whether CAP_PERFMON is not enough for perf events: so
// it is by a patch that Debian and Ubuntu have, and by their default.
func perfIsSysAdmins() bool {
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	level, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	return err == nil && bad == nil && level > 2
}

// notFound tells whether a function was in none of the types that could be
// looked at: those of modules only CAP_SYS_ADMIN can.
func notFound(h bpf.Hook) bool { return !h.Waiting && errors.Is(h.Err, ebpf.ErrNotSupported) }

// modulesHaveTypes tells whether there are any, as there are since Linux 5.11.
func modulesHaveTypes() bool {
	files, err := os.ReadDir("/sys/kernel/btf")
	return err == nil && len(files) > 1 // the other one is vmlinux
}

// missingPrivileges says in a line each what a capability would give back that
// the process has not.
func missingPrivileges(hooks []bpf.Hook) []string {
	held, err := effective()
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for _, p := range optional {
		if !held(p.capability) && p.matters(hooks) {
			lines = append(lines, fmt.Sprintf("without %s: %s", name(p.capability), p.without))
		}
	}
	return lines
}

// privileged returns an error unless the process may load and attach probes.
// CAP_SYS_ADMIN includes what it takes, and is all there is where the engine
// that starts the exporter does not know the newer ones.
func privileged() error {
	held, err := effective()
	switch {
	case err != nil:
		return err
	case held(cap.SYS_ADMIN), held(cap.BPF) && held(cap.PERFMON):
		return nil
	case held(cap.BPF):
		return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: CAP_PERFMON is missing")
	case held(cap.PERFMON):
		return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: CAP_BPF is missing")
	}
	return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: try with sudo")
}

// effective returns whether a capability is effective in this process.
func effective() (held func(cap.Value) bool, err error) {
	set, err := cap.GetPID(0)
	if err != nil {
		return nil, fmt.Errorf("read the capabilities: %w", err)
	}
	return func(c cap.Value) bool {
		on, err := set.GetFlag(cap.Effective, c)
		return err == nil && on
	}, nil
}

// privileges says who the process is, and which of the capabilities that
// matter it has.
func privileges() string {
	held, err := effective()
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, c := range []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_PTRACE, cap.DAC_READ_SEARCH, cap.SYS_ADMIN} {
		if held(c) {
			list = append(list, name(c))
		}
	}
	if len(list) == 0 {
		list = []string{"none"}
	}
	return fmt.Sprintf("%s (user %d)", strings.Join(list, " "), os.Geteuid())
}

// name is a capability's as the kernel writes it: CAP_BPF.
func name(c cap.Value) string { return strings.ToUpper(c.String()) }
