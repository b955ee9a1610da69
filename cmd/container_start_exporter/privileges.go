package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// optionalCapability is a capability that starts can be timed without, and what
// is lost then.
type optionalCapability struct {
	capability cap.Value
	effect     string // of not having it
	// applies returns whether these probes and this user have that effect.
	applies func(probes []bpf.ProbeStatus) bool
}

// optionalCapabilities is the table of them. README.md has the same table.
var optionalCapabilities = []optionalCapability{
	{cap.SYS_PTRACE, "no name, image or hook kinds for starts whose runtime runs in another mount namespace " +
		"or gets a relative bundle path",
		func([]bpf.ProbeStatus) bool { return true }},
	{cap.DAC_READ_SEARCH, "no name, image or hook kinds for starts whose bundle only another user may read",
		func([]bpf.ProbeStatus) bool { return os.Geteuid() != 0 }},
	{cap.DAC_READ_SEARCH, "syscall tracepoints are not attached, because tracefs is owned by root",
		removes(cap.DAC_READ_SEARCH, bpf.TracefsForbidden)},
	{cap.SYS_ADMIN, "syscall tracepoints are not attached if tracefs is not mounted",
		removes(cap.SYS_ADMIN, bpf.NoTracefs)},
	{cap.SYS_ADMIN, "neither kprobes nor syscall tracepoints are attached if kernel.perf_event_paranoid is above 2",
		removes(cap.SYS_ADMIN, bpf.PerfEventsForbidden)},
	{cap.SYS_ADMIN, "fentry does not find functions of modules, only kprobe does",
		removes(cap.SYS_ADMIN, bpf.ModuleBTFHidden)},
}

// removes returns a function that returns whether a capability removes this
// obstacle for any probe that could not be attached.
func removes(c cap.Value, o bpf.Obstacle) func([]bpf.ProbeStatus) bool {
	removable := func(r bpf.Reason) bool { return r.Obstacle == o && slices.Contains(r.Needs, int(c)) }
	return func(probes []bpf.ProbeStatus) bool {
		return slices.ContainsFunc(probes, func(p bpf.ProbeStatus) bool {
			return p.State == bpf.Failed && slices.ContainsFunc(p.Reasons, removable)
		})
	}
}

// missingCapability is a capability that the process does not have, and the effect.
type missingCapability struct{ capability, effect string }

func (m missingCapability) String() string { return "without " + m.capability + ": " + m.effect }

// missingCapabilities returns the optional capabilities that the process does not
// have, one for each effect.
func missingCapabilities(probes []bpf.ProbeStatus) (missing []missingCapability, err error) {
	held, err := effectiveCapabilities()
	if err != nil {
		return nil, err
	}
	for _, c := range optionalCapabilities {
		if !held(c.capability) && c.applies(probes) {
			missing = append(missing, missingCapability{capabilityName(c.capability), c.effect})
		}
	}
	return missing, nil
}

// requirePrivileges returns an error unless the process may load and attach
// probes. CAP_SYS_ADMIN includes both capabilities, and is the only one to be had
// from a container engine that does not know them.
func requirePrivileges() error {
	held, err := effectiveCapabilities()
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

// effectiveCapabilities returns a function that reports whether a capability is
// effective in this process.
func effectiveCapabilities() (held func(cap.Value) bool, err error) {
	set, err := cap.GetPID(0)
	if err != nil {
		return nil, fmt.Errorf("read the capabilities: %w", err)
	}
	return func(c cap.Value) bool {
		on, err := set.GetFlag(cap.Effective, c)
		return err == nil && on
	}, nil
}

// heldCapabilities returns, on one line, the capabilities of the process that
// the exporter can use, and the process's user.
func heldCapabilities() string {
	held, err := effectiveCapabilities()
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, c := range []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_PTRACE, cap.DAC_READ_SEARCH, cap.SYS_ADMIN} {
		if held(c) {
			list = append(list, capabilityName(c))
		}
	}
	if len(list) == 0 {
		list = []string{"none"}
	}
	return fmt.Sprintf("%s (user %d)", strings.Join(list, " "), os.Geteuid())
}

// capabilityName returns the kernel's name of a capability, such as CAP_BPF.
func capabilityName(c cap.Value) string { return strings.ToUpper(c.String()) }
