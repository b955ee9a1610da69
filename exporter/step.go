package exporter

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"container_start_exporter/collector"
)

// step is an operation as a person reads it: a row of a drawing.
type step struct {
	label    string
	phase    collector.PhaseName
	begin    time.Duration
	duration time.Duration
	note     string // what else there is to say
	failed   bool
	folded   bool // stands for many operations: duration is their sum, not a stretch of time
}

// maxSteps bounds the rows of a drawing: a bundle may have any number of hooks.
const maxSteps = 24

// steps are the notable operations of a start in the order in which they
// began, the mounts by init folded to one, and how many were left out.
func steps(s *collector.Start) (list []step, left int) {
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
	slices.SortStableFunc(list, func(a, b step) int { return cmp.Compare(a.begin, b.begin) })
	if len(list) > maxSteps {
		list, left = list[:maxSteps], len(list)-maxSteps
	}
	return list, left
}

// notable says whether an operation gets a row of its own.
func notable(o *collector.Operation, total time.Duration) bool {
	switch o.Name {
	case collector.OpMount, collector.OpIptables:
		return false
	case collector.OpPivotRoot:
		return o.Duration*100 >= total
	}
	return true
}

func stepOf(o *collector.Operation) step {
	code := o.Attributes["exit_code"]
	st := step{
		label: stepLabel(o), phase: o.Phase, begin: o.Begin, duration: o.Duration,
		failed: o.Attributes["error"] != "" || code != "" && code != "0",
		note:   o.Attributes["error"],
	}
	if o.Name == collector.OpNetwork { // a union: its time need not be in one piece
		st.folded, st.note = true, "all that set up the network"
	}
	if st.note == "" && st.failed {
		st.note = "exit " + code
	}
	return st
}

func stepLabel(o *collector.Operation) string {
	a := func(name string) string { return o.Attributes[name] }
	switch o.Name {
	case collector.OpRuntime:
		return words(a("runtime"), a("command"))
	case collector.OpHook:
		return words("hook", path.Base(a("hook")))
	case collector.OpVeth:
		return words("veth", cmp.Or(a("host"), a("container")))
	case collector.OpNetns:
		return words("netns", a("inode"))
	case collector.OpRootfsMount:
		return words("rootfs mount", a("type"))
	case collector.OpCNI:
		return words("cni", a("plugin"))
	case collector.OpNetavark, collector.OpLibnetwork:
		return words(string(o.Name), a("command"))
	case collector.OpProxy:
		return words("docker-proxy", a("port"))
	case collector.OpShim, collector.OpCgroup, collector.OpPivotRoot:
		return string(o.Name)
	default:
		return words(strings.ReplaceAll(string(o.Name), "_", " "), a("name"))
	}
}

// words joins the words that there are.
func words(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(w string) bool { return w == "" || w == "." }), " ")
}

// foldedKind is a kind of operation of which a start has so many that only
// their sum and the slowest get a row.
type foldedKind struct {
	name    collector.OperationName
	noun    string
	subject func(*collector.Operation) string // what the slowest was about
	failure string                            // the attribute that tells of one
}

var foldedKinds = []foldedKind{
	{collector.OpMount, "mount", func(o *collector.Operation) string { return mountpoint(o.Attributes["target"]) }, "error"},
	{collector.OpIptables, "iptables run", func(o *collector.Operation) string { return o.Attributes["rule"] }, ""},
}

// fold makes one step of all operations of a kind.
func fold(s *collector.Start, kind foldedKind) (step, bool) {
	var m step
	var slowest *collector.Operation
	n, failed := 0, 0
	for i := range s.Operations {
		o := &s.Operations[i]
		if o.Name != kind.name {
			continue
		}
		if n++; n == 1 || o.Begin < m.begin {
			m.begin, m.phase = o.Begin, o.Phase
		}
		if m.duration += o.Duration; slowest == nil || o.Duration > slowest.Duration {
			slowest = o
		}
		if o.Attributes[kind.failure] != "" {
			failed++
		}
	}
	if n == 0 {
		return m, false
	}
	m.folded = true
	m.label = plural(n, kind.noun)
	if failed > 0 {
		m.label += fmt.Sprintf(", %d failed", failed)
	}
	m.note = words("slowest", kind.subject(slowest), short(slowest.Duration))
	return m, true
}

// mountpoint is the path inside the container, where it can be told: what
// follows the rootfs.
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

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
