package e2e

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host/report"
)

// record is a start in JSON.
type record struct{ report.Start }

type (
	phase     = report.Phase
	operation = report.Operation
)

// dockerPhases are the phases of a start by Docker 20.10 and runc.
var dockerPhases = []string{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "hooks", "init", "wait", "start"}

func (r record) phaseNames() []string { return r.PhaseNames() }

// phase returns a phase by name, or the zero phase if there is none.
func (r record) phase(name string) phase {
	i := slices.IndexFunc(r.Phases, func(p phase) bool { return p.Name == name })
	if i < 0 {
		return phase{}
	}
	return r.Phases[i]
}

func (r record) operations(name string) []operation {
	return slices.DeleteFunc(slices.Clone(r.Operations), func(o operation) bool { return o.Name != name })
}

var traceID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkRecord checks what is true of each start, however it ended: the phases
// partition it, to the nanosecond.
func checkRecord(t *testing.T, r record) {
	t.Helper()
	if err := r.Partition(); err != nil {
		t.Errorf("%s: %v", r.ContainerID, err)
	}
	if !traceID.MatchString(r.TraceID) {
		t.Errorf("%s: trace id %q", r.ContainerID, r.TraceID)
	}
	if age := time.Since(r.Begin); age < 0 || age > 10*time.Minute {
		t.Errorf("%s: began %v ago", r.ContainerID, age)
	}
}

// checkStarted checks a start that succeeded.
func checkStarted(t *testing.T, r record, engine, runtime string, phases []string) {
	t.Helper()
	checkRecord(t, r)
	if r.Outcome != "started" || r.FailedPhase != "" {
		t.Errorf("%s: %s in %q: %s", r.ContainerID, r.Outcome, r.FailedPhase, r.Error)
	}
	if r.Engine != engine || r.Runtime != runtime || r.Kind != "container" {
		t.Errorf("%s: engine %s, runtime %s, kind %s; want %s, %s, container", r.ContainerID, r.Engine, r.Runtime, r.Kind, engine, runtime)
	}
	if !slices.Equal(r.phaseNames(), phases) {
		t.Errorf("%s: phases %v; want %v", r.ContainerID, r.phaseNames(), phases)
	}
}
