package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// buildSink builds the receiver, an OpenTelemetry Collector's in a module of its
// own, and returns its path.
func buildSink(t *testing.T) string {
	t.Helper()
	return host.BuildModule(t, "../../exporter/trace/testdata/otlpsink")
}

// receive starts a receiver of OTLP over HTTP and returns its endpoint.
func receive(t *testing.T) (p *host.Process, endpoint string) {
	t.Helper()
	address := host.FreeAddress(t)
	p = host.Start(t, exec.Command(buildSink(t), "-http", address))
	waitReceiver(t, p)
	return p, "http://" + address
}

func waitReceiver(t *testing.T, p *host.Process) {
	t.Helper()
	p.WaitFor(t, 10*time.Second, "the OTLP receiver", func() bool { return strings.Contains(p.Stderr.String(), "ready") })
}

// TestTraces sends the starts to a real receiver: one trace each.
func TestTraces(t *testing.T) {
	d := needDocker(t)
	sink, endpoint := receive(t)
	serve(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_BSP_SCHEDULE_DELAY=100")
	w := watch(t)

	ids := []string{d.runTrue(t), d.runTrue(t)}
	failing, _ := d.run(t, image, "/no/such/program")
	records := w.wait(t, append(ids, failing)...)
	for _, r := range records {
		trace := traceOf(t, sink, r)
		checkTree(t, trace)
		checkRoot(t, trace[0], r)
		checkPhaseSpans(t, trace, r)
	}
	checkFailedSpans(t, traceOf(t, sink, records[failing]))
}

// traceOf waits until a start's trace is complete and returns its spans, the root
// first.
func traceOf(t *testing.T, sink *host.Process, r record) []host.Span {
	t.Helper()
	var trace []host.Span
	whole := 1 + len(r.Phases) + len(r.Operations) - len(r.operations("mount")) // mounts are span events
	host.WaitFor(t, 20*time.Second, fmt.Sprintf("a trace of %d spans", whole), func() bool {
		trace = slices.DeleteFunc(decodeLines[host.Span](t, sink.Stdout.String()), func(s host.Span) bool {
			return s.TraceID != r.TraceID
		})
		return len(trace) >= whole
	}, func() string {
		return fmt.Sprintf("%d spans of trace %s\n%s", len(trace), r.TraceID, sink.Stdout.String())
	})
	if len(trace) != whole {
		t.Errorf("%d spans; want %d", len(trace), whole)
	}
	roots := 0
	for i, s := range trace {
		if s.ParentID == "" {
			trace[0], trace[i] = trace[i], trace[0]
			roots++
		}
	}
	if roots != 1 {
		t.Fatalf("%d roots in trace %s; want 1", roots, r.TraceID)
	}
	return trace
}

// checkTree checks that each span lies inside its parent.
func checkTree(t *testing.T, trace []host.Span) {
	t.Helper()
	byID := map[string]host.Span{}
	for _, s := range trace {
		byID[s.SpanID] = s
	}
	for _, s := range trace[1:] {
		parent, known := byID[s.ParentID]
		if !known {
			t.Errorf("span %s has a parent that is not in the trace", s.Name)
		} else if s.Start.Before(parent.Start) || s.End.After(parent.End) || s.End.Before(s.Start) {
			t.Errorf("span %s [%v, %v] is not inside %s [%v, %v]", s.Name, s.Start, s.End, parent.Name, parent.Start, parent.End)
		}
	}
}

func checkRoot(t *testing.T, root host.Span, r record) {
	t.Helper()
	if root.Name != "container start" || !near(root.Start.Sub(r.Begin), 0) || !near(root.End.Sub(root.Start), r.Duration) {
		t.Errorf("root %q from %v for %v; the record has %v for %d", root.Name, root.Start, root.End.Sub(root.Start), r.Begin, r.Duration)
	}
	if root.Resource["service.name"] != "container_start_exporter" {
		t.Errorf("resource %v", root.Resource)
	}
	for name, want := range map[string]any{
		"container.id":           r.ContainerID,
		"container.runtime.name": "docker",
		"process.pid":            float64(r.PID),
	} {
		if root.Attributes[name] != want {
			t.Errorf("attribute %s is %v; want %v", name, root.Attributes[name], want)
		}
	}
}

// checkPhaseSpans checks that below the root there is one span per phase, with the
// begin and duration in the record, and that mounts are span events.
func checkPhaseSpans(t *testing.T, trace []host.Span, r record) {
	t.Helper()
	events := 0
	for _, s := range trace {
		events += s.Events
	}
	if mounts := len(r.operations("mount")); events < mounts || mounts == 0 {
		t.Errorf("%d span events; the record has %d mounts", events, mounts)
	}
	for _, p := range r.Phases {
		i := slices.IndexFunc(trace, func(s host.Span) bool { return s.Name == p.Name && s.ParentID == trace[0].SpanID })
		if i < 0 {
			t.Errorf("no span of phase %s", p.Name)
		} else if s := trace[i]; !near(s.Start.Sub(trace[0].Start), p.Begin) || !near(s.End.Sub(s.Start), p.Duration) {
			t.Errorf("span %s begins at %v for %v; the record has %+v", s.Name, s.Start.Sub(trace[0].Start), s.End.Sub(s.Start), p)
		}
	}
}

// near returns whether two measurements of the same thing, each by probes of its
// own, agree.
func near(d time.Duration, ns int64) bool {
	return (d - time.Duration(ns)).Abs() <= tolerance
}

func checkFailedSpans(t *testing.T, trace []host.Span) {
	t.Helper()
	root := trace[0]
	if root.Status != "Error" || root.Attributes["error.type"] != "init" {
		t.Errorf("a failed start has status %s, error.type %v; want Error, init", root.Status, root.Attributes["error.type"])
	}
}
