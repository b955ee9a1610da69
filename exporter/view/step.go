package view

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"container_start_exporter/collector/start"
)

// Step is an operation as people read it: a row of a drawing.
type Step struct {
	Label    string
	Phase    start.PhaseName
	Begin    time.Duration
	Duration time.Duration
	Note     string // the error, or what a folded row shows in place of a bar
	Failed   bool
	Folded   bool // many operations: duration is their sum, not an interval
}

// maxSteps bounds the rows of a drawing: a bundle may have any number of hooks.
const maxSteps = 24

// Steps returns the notable operations of a start in the order in which they
// began, at most 24, and how many were left out. Mounts and runs of iptables are
// folded into one step each.
func Steps(s *start.Start) (list []Step, omitted int) {
	for i := range s.Operations {
		if o := &s.Operations[i]; notable(o, s.Duration) {
			list = append(list, stepOf(o))
		}
	}
	for _, kind := range foldedKinds {
		if folded, ok := fold(s, kind); ok {
			list = append(list, folded)
		}
	}
	slices.SortStableFunc(list, func(a, b Step) int { return cmp.Compare(a.Begin, b.Begin) })
	if len(list) > maxSteps {
		list, omitted = list[:maxSteps], len(list)-maxSteps
	}
	return list, omitted
}

// notable reports whether an operation gets a row of its own.
func notable(o *start.Operation, total time.Duration) bool {
	switch o.Name {
	case start.OpMount, start.OpIptables:
		return false
	case start.OpPivotRoot:
		return o.Duration*100 >= total
	}
	return true
}

func stepOf(o *start.Operation) Step {
	code := o.Attributes[start.AttrExitCode]
	st := Step{
		Label: stepLabel(o), Phase: o.Phase, Begin: o.Begin, Duration: o.Duration,
		Failed: o.Attributes[start.AttrError] != "" || code != "" && code != "0",
		Note:   o.Attributes[start.AttrError],
	}
	if o.Name == start.OpNetwork { // a union of intervals: its time may have gaps
		st.Folded, st.Note = true, "total of all network setup"
	}
	if st.Note == "" && st.Failed {
		st.Note = "exit " + code
	}
	return st
}

func stepLabel(o *start.Operation) string {
	a := func(name string) string { return o.Attributes[name] }
	switch o.Name {
	case start.OpRuntime:
		return words(a(start.AttrRuntime), a(start.AttrCommand))
	case start.OpWrapper:
		return words("wrapper", path.Base(a(start.AttrProgram)), a(start.AttrCommand))
	case start.OpHook:
		return words("hook", path.Base(a(start.AttrHook)))
	case start.OpVeth:
		return words("veth", cmp.Or(a(start.AttrHost), a(start.AttrContainer)))
	case start.OpNetns:
		return words("netns", a(start.AttrInode))
	case start.OpIDMap:
		return words(a(start.AttrCount), "id-mapped mounts")
	case start.OpRootfsMount:
		return words("rootfs mount", a(start.AttrType))
	case start.OpCNI:
		return words("cni", a(start.AttrPlugin))
	case start.OpNetavark, start.OpLibnetwork:
		return words(string(o.Name), a(start.AttrCommand))
	case start.OpProxy:
		return words(cmp.Or(a(start.AttrProgram), "docker-proxy"), a(start.AttrPort))
	case start.OpShim, start.OpCgroup, start.OpPivotRoot:
		return string(o.Name)
	default:
		return strings.ReplaceAll(string(o.Name), "_", " ")
	}
}

// foldedKind is a kind of operation so frequent in a start that only their sum
// and the slowest get a row.
type foldedKind struct {
	name    start.OperationName
	noun    string
	subject func(*start.Operation) string // names the slowest
	failure string                        // the attribute of those that failed
}

var foldedKinds = []foldedKind{
	{start.OpMount, "mount", func(o *start.Operation) string { return mountpoint(o.Attributes[start.AttrTarget]) }, start.AttrError},
	{start.OpIptables, "iptables run", func(o *start.Operation) string { return o.Attributes[start.AttrRule] }, ""},
}

// fold returns one step for all operations of a kind, and whether there are any.
func fold(s *start.Start, kind foldedKind) (Step, bool) {
	var st Step
	var slowest *start.Operation
	n, failed := 0, 0
	for i := range s.Operations {
		o := &s.Operations[i]
		if o.Name != kind.name {
			continue
		}
		if n++; n == 1 || o.Begin < st.Begin {
			st.Begin, st.Phase = o.Begin, o.Phase
		}
		if st.Duration += o.Duration; slowest == nil || o.Duration > slowest.Duration {
			slowest = o
		}
		if o.Attributes[kind.failure] != "" {
			failed++
		}
	}
	if n == 0 {
		return st, false
	}
	st.Folded = true
	st.Label = plural(n, kind.noun)
	if failed > 0 {
		st.Label += fmt.Sprintf(", %d failed", failed)
	}
	st.Note = words("slowest", kind.subject(slowest), Short(slowest.Duration))
	return st, true
}

// mountpoint returns a mount's path inside the container, which follows the
// rootfs, or else its path on the host.
func mountpoint(target string) string {
	for _, root := range []string{"/merged/", "/rootfs/"} {
		if _, inside, ok := strings.Cut(target, root); ok {
			return "/" + inside
		}
	}
	if target == "" {
		return "(no target)"
	}
	return target
}
