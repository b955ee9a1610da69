package e2e

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

// record is a start in JSON as it is documented, on purpose not the exporter's
// own type: a renamed field has to fail a test.
type record struct {
	ContainerID string      `json:"container_id"`
	Engine      string      `json:"engine"`
	Runtime     string      `json:"runtime"`
	Kind        string      `json:"kind"`
	Outcome     string      `json:"outcome"`
	FailedPhase string      `json:"failed_phase"`
	ErrorType   string      `json:"error_type"`
	Error       string      `json:"error"`
	Begin       time.Time   `json:"begin"`
	Duration    int64       `json:"duration_ns"`
	Phases      []phase     `json:"phases"`
	Operations  []operation `json:"operations"`
	Counts      struct {
		Mounts       int `json:"mounts"`
		EngineMounts int `json:"engine_mounts"`
		Execs        int `json:"execs"`
		Namespaces   int `json:"namespaces"`
		Veths        int `json:"veths"`
	} `json:"counts"`
	Namespaces map[string]uint64 `json:"namespaces"`
	Veths      []struct {
		Host      string `json:"host"`
		Container string `json:"container"`
		Address   string `json:"address"`
	} `json:"veths"`
	Made        []string `json:"namespaces_made"`
	PID         int      `json:"pid"`
	Ready       int64    `json:"ready_ns"`
	TraceID     string   `json:"trace_id"`
	SpanID      string   `json:"span_id"`
	TraceParent string   `json:"traceparent"`
}

type phase struct {
	Name     string `json:"name"`
	Begin    int64  `json:"begin_ns"`
	Duration int64  `json:"duration_ns"`
}

type operation struct {
	Name       string            `json:"name"`
	Phase      string            `json:"phase"`
	Begin      int64             `json:"begin_ns"`
	Duration   int64             `json:"duration_ns"`
	Attributes map[string]string `json:"attributes"`
}

// dockerPhases are the phases of a start by Docker 20.10 and runc.
var dockerPhases = []string{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "hooks", "init", "wait", "start"}

func (r record) phaseNames() []string {
	var names []string
	for _, one := range r.Phases {
		names = append(names, one.Name)
	}
	return names
}

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
	var end int64
	for _, one := range r.Phases {
		if one.Begin != end {
			t.Errorf("%s: phase %s begins at %d, the previous one ends at %d", r.ContainerID, one.Name, one.Begin, end)
		}
		if one.Duration < 0 {
			t.Errorf("%s: phase %s lasts %d ns", r.ContainerID, one.Name, one.Duration)
		}
		end += one.Duration
	}
	if end != r.Duration || r.Duration <= 0 {
		t.Errorf("%s: the phases sum to %d ns, the start lasts %d", r.ContainerID, end, r.Duration)
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
