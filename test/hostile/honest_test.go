package hostile

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// honest is a container that is started as its engine's users do.
type honest struct{ id, name, image string }

// honestNumber numbers the containers, so that each has a name of its own.
var honestNumber atomic.Int64

func honestName() string { return fmt.Sprintf("honest-%d", honestNumber.Add(1)) }

// run runs a container to its end.
func (s *suite) run(t *testing.T) honest {
	t.Helper()
	h := honest{name: honestName(), image: host.Image}
	var client *host.Process
	h.id, client = s.docker.Run(t, "--name", h.name, h.image, "true")
	if code := client.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("docker run exits with %d: %s", code, client.Stderr.String())
	}
	s.expect("docker", h.id)
	return h
}

// record waits for the record of a container's start, the only one.
func (s *suite) record(t *testing.T, id string) report.Start {
	t.Helper()
	var found []report.Start
	s.watch.WaitFor(t, 20*time.Second, "the start of "+id, func() bool {
		found = s.stream.of(id)
		return len(found) > 0
	})
	if len(found) > 1 {
		t.Errorf("container %s has %d starts", id, len(found))
	}
	return found[0]
}

// checkWhole checks that a record has everything that the exporter knows of an honest
// start, whatever happens beside it.
func (h honest) checkWhole(t *testing.T, r report.Start) {
	t.Helper()
	if r.Outcome != "started" || len(r.Spoiled()) > 0 || r.Error != "" {
		t.Errorf("%s: %s, degraded %v: %s", h.name, r.Outcome, r.Degraded, r.Error)
	}
	if r.Name != h.name || r.Image != h.image {
		t.Errorf("%s: name %q, image %q; want image %q", h.name, r.Name, r.Image, h.image)
	}
	if err := r.Partition(); err != nil {
		t.Errorf("%s: %v", h.name, err)
	}
	if r.TraceParent != "" {
		t.Errorf("%s: traceparent %q", h.name, r.TraceParent)
	}
}

// shape is what two starts of the same kind have in common: all but names and times.
func shape(r report.Start) string {
	operations := map[string]int{}
	for _, o := range r.Operations {
		operations[o.Name]++
	}
	return fmt.Sprintf("%s/%s %s\nphases %s\noperations %v\nmade %v\ncounts %+v\nveths %d",
		r.Engine, r.Runtime, r.Kind, strings.Join(r.PhaseNames(), " "), operations,
		slices.Sorted(slices.Values(r.Made)), r.Counts, len(r.Veths))
}
