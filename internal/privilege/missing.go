package privilege

import (
	"fmt"
	"os"
	"slices"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// Restriction is what is lost without a capability.
type Restriction struct {
	Capability string // CAP_SYS_PTRACE, ...
	Effect     string
}

// String returns the restriction as one line: "without CAP_SYS_PTRACE: ...".
func (r Restriction) String() string { return fmt.Sprintf("without %s: %s", r.Capability, r.Effect) }

// optional is a capability that starts can be timed without.
type optional struct {
	capability cap.Value
	effect     string // of not having it
	// applies returns whether this user and these probes have that effect.
	applies func(user int, probes []bpf.ProbeStatus) bool
}

// optionals is the table of them. README.md has the same table.
var optionals = []optional{
	{cap.SYS_PTRACE, "no name, image or hook kinds for starts whose runtime runs in another mount namespace " +
		"or gets a relative bundle path",
		func(int, []bpf.ProbeStatus) bool { return true }},
	{cap.DAC_READ_SEARCH, "no name, image or hook kinds for starts whose bundle only another user may read",
		func(user int, _ []bpf.ProbeStatus) bool { return user != 0 }},
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
// obstacle for a probe that could not be attached.
func removes(c cap.Value, o bpf.Obstacle) func(int, []bpf.ProbeStatus) bool {
	removable := func(r bpf.Reason) bool { return r.Obstacle == o && slices.Contains(r.Needs, int(c)) }
	return func(_ int, probes []bpf.ProbeStatus) bool {
		return slices.ContainsFunc(probes, func(p bpf.ProbeStatus) bool {
			return p.State == bpf.Failed && slices.ContainsFunc(p.Reasons, removable)
		})
	}
}

// Missing returns each effect of a capability that the process does not have.
func Missing(probes []bpf.ProbeStatus) ([]Restriction, error) {
	held, err := effective()
	if err != nil {
		return nil, err
	}
	return missing(held, os.Geteuid(), probes), nil
}

func missing(held func(cap.Value) bool, user int, probes []bpf.ProbeStatus) (all []Restriction) {
	for _, o := range optionals {
		if !held(o.capability) && o.applies(user, probes) {
			all = append(all, Restriction{name(o.capability), o.effect})
		}
	}
	return all
}
