package bpf

import (
	"slices"
	"strings"
)

// ProbeStatus is whether a kernel probe is attached, and how.
type ProbeStatus struct {
	Name string // of a tracepoint, a system call, a function, ...
	// Mechanism is what it is attached by: tp_btf, fentry, kprobe, tracepoint, iter
	// or netlink. If it is not attached, it is the requested one, or the last tried.
	Mechanism string
	State     State
	Points    []string // where its programs are attached: fentry:__x64_sys_mount, ...
	// LimitedMaxActive reports whether maxactive could not be set: at most one or
	// two concurrent returns per CPU are observed, the kernel's default. If more
	// calls sleep at once, some returns are missed; each, except an exec's, is
	// counted as lost when its thread makes the next call.
	LimitedMaxActive bool
	Impact           string   // what is missing or less precise without it
	Reasons          []Reason // why it is not attached, for each mechanism; none if it is
	call             bool     // it is a system call
}

// State is whether a kernel probe is attached.
type State int

// The states of a probe.
const (
	Failed  State = iota // it could not be attached
	Absent               // this kernel does not have it, whatever the privileges
	Waiting              // its module is not loaded: it is attached when that is
	Attached
)

// String returns the state as one word, as `probes` shows it: "attached".
func (s State) String() string {
	return [...]string{Failed: "failed", Absent: "absent", Waiting: "waiting", Attached: "attached"}[s]
}

// MissesEvents reports whether something may happen on this host that the probe would
// show if it were attached: the kernel has the system call, and the module is loaded.
func (s ProbeStatus) MissesEvents() bool {
	switch s.State {
	case Attached, Waiting:
		return false
	case Absent:
		return !s.call || !isAny(s.Reasons, NotInKernel)
	}
	return true
}

// after returns the status of a probe with one mechanism after an attempt to attach
// it, which returned err.
func (s ProbeStatus) after(err error) ProbeStatus {
	s.State = Attached
	if err != nil {
		s.State, s.Reasons = Failed, []Reason{newReason(s.Mechanism, err)}
	}
	return s
}

// Err returns why the probe is not attached, as one line, and nil if it is. It
// wraps all Reasons.
func (s ProbeStatus) Err() error {
	if s.State == Attached {
		return nil
	}
	return notAttached(s)
}

// notAttached is the error of a probe that is not attached.
type notAttached ProbeStatus

// Error returns the reasons that are about the probe, as one line.
func (e notAttached) Error() string {
	switch {
	case e.State == Waiting:
		return "its module is not loaded"
	case e.State == Absent && isAny(e.Reasons, NotInKernel):
		return NotInKernel.String()
	}
	var texts []string
	for _, r := range e.relevant() {
		texts = append(texts, r.Error())
	}
	return strings.Join(texts, "; ")
}

// relevant returns the reasons that are about the probe; if there are none, those
// about the mechanisms, but for mechanisms that were not to be used.
func (e notAttached) relevant() []Reason {
	usable := slices.DeleteFunc(slices.Clone(e.Reasons), func(r Reason) bool {
		return r.Obstacle == NotRequested || r.Obstacle == SyscallOverhead
	})
	for _, reasons := range [][]Reason{tried(e.Reasons), usable} {
		if len(reasons) > 0 {
			return reasons
		}
	}
	return e.Reasons
}

// Unwrap returns all reasons, each a Reason.
func (e notAttached) Unwrap() []error {
	var errs []error
	for _, r := range e.Reasons {
		errs = append(errs, r)
	}
	return errs
}
