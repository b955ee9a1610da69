// Package report reads starts as the exporter reports them in JSON. Its types are
// on purpose not the exporter's own: a renamed field has to fail a test.
package report

import (
	"fmt"
	"strings"
	"time"
)

// Start is a start as it is documented.
type Start struct {
	ContainerID string            `json:"container_id"`
	Name        string            `json:"name"`
	Image       string            `json:"image"`
	Engine      string            `json:"engine"`
	Runtime     string            `json:"runtime"`
	Kind        string            `json:"kind"`
	Outcome     string            `json:"outcome"`
	FailedPhase string            `json:"failed_phase"`
	ErrorType   string            `json:"error_type"`
	Error       string            `json:"error"`
	Degraded    []string          `json:"degraded"`
	Begin       time.Time         `json:"begin"`
	Duration    int64             `json:"duration_ns"`
	Phases      []Phase           `json:"phases"`
	Operations  []Operation       `json:"operations"`
	Counts      Counts            `json:"counts"`
	Cgroup      Cgroup            `json:"cgroup"`
	Pod         Pod               `json:"pod"`
	Namespaces  map[string]uint64 `json:"namespaces"`
	Veths       []Veth            `json:"veths"`
	Made        []string          `json:"namespaces_made"`
	PID         int               `json:"pid"`
	Ready       int64             `json:"ready_ns"`
	TraceID     string            `json:"trace_id"`
	SpanID      string            `json:"span_id"`
	TraceParent string            `json:"traceparent"`
}

// Spoiled returns what the record lacks, but for what no record has on a kernel on which
// some probes cannot be attached.
func (s Start) Spoiled() (parts []string) {
	for _, part := range s.Degraded {
		kind, _, found := strings.Cut(part, "_")
		if !found || kind != "phase" && kind != "operation" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Counts are how many of each belong to a start.
type Counts struct {
	Mounts       int `json:"mounts"`
	EngineMounts int `json:"engine_mounts"`
	Execs        int `json:"execs"`
	Namespaces   int `json:"namespaces"`
	Veths        int `json:"veths"`
}

// Cgroup is the cgroup of a container.
type Cgroup struct {
	Path    string `json:"path"`
	Version int    `json:"version"`
}

// Pod is the pod that a container is in.
type Pod struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	SandboxID string `json:"sandbox_id"`
}

// Veth is a veth pair of a start.
type Veth struct {
	Host      string `json:"host"`
	Container string `json:"container"`
	Address   string `json:"address"`
}

// Phase is a phase of a start.
type Phase struct {
	Name     string `json:"name"`
	Begin    int64  `json:"begin_ns"`
	Duration int64  `json:"duration_ns"`
}

// Operation is an operation of a start.
type Operation struct {
	Name       string            `json:"name"`
	Phase      string            `json:"phase"`
	Begin      int64             `json:"begin_ns"`
	Duration   int64             `json:"duration_ns"`
	Attributes map[string]string `json:"attributes"`
}

// PhaseNames returns the names of the phases in their order.
func (s Start) PhaseNames() []string {
	var names []string
	for _, one := range s.Phases {
		names = append(names, one.Name)
	}
	return names
}

// OperationsNamed returns the operations of a name.
func (s Start) OperationsNamed(name string) (found []Operation) {
	for _, one := range s.Operations {
		if one.Name == name {
			found = append(found, one)
		}
	}
	return found
}

// Partition returns an error unless the phases partition the start, to the
// nanosecond.
func (s Start) Partition() error {
	var end int64
	for _, one := range s.Phases {
		if one.Begin != end {
			return fmt.Errorf("phase %s begins at %d, the previous one ends at %d", one.Name, one.Begin, end)
		}
		if one.Duration < 0 {
			return fmt.Errorf("phase %s lasts %d ns", one.Name, one.Duration)
		}
		end += one.Duration
	}
	if end != s.Duration || s.Duration <= 0 {
		return fmt.Errorf("the phases sum to %d ns, the start lasts %d", end, s.Duration)
	}
	return nil
}
