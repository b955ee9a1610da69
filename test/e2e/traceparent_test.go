package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// traceContext is a W3C trace context: its header, and the ids in it.
type traceContext struct{ header, trace, span string }

// newTraceContext returns a trace context that no other test uses.
func newTraceContext() traceContext {
	now := time.Now().UnixNano()
	c := traceContext{trace: fmt.Sprintf("%032x", now), span: fmt.Sprintf("%016x", now+1)}
	c.header = "00-" + c.trace + "-" + c.span + "-01"
	return c
}

// TestTraceParent starts containers with runtimes that are executed with a
// TRACEPARENT: the start is a part of that trace.
func TestTraceParent(t *testing.T) {
	host.NeedRoot(t)
	sink, endpoint := receive(t)
	serve(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_BSP_SCHEDULE_DELAY=100")
	for _, name := range []string{"runc", "crun"} {
		r := needRuntime(t, name)
		t.Run(name, func(t *testing.T) {
			w := watch(t)
			parent := newTraceContext()
			one := r.runWithEnv(t, w, "TRACEPARENT="+parent.header)
			checkContinued(t, sink, one, parent)
		})
		t.Run(name+" with a large environment", func(t *testing.T) {
			w := watch(t)
			for i := range 40 {
				t.Setenv(fmt.Sprintf("FILLER_%d", i), strings.Repeat("x", 100))
			}
			parent := newTraceContext()
			one := r.runWithEnv(t, w, "TRACEPARENT="+parent.header) // appended last
			checkContinued(t, sink, one, parent)
		})
		for _, context := range []string{"", "TRACEPARENT=", "TRACEPARENT=nonsense",
			"TRACEPARENT=00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("1", 16) + "-01",
			"TRACEPARENT=00-" + strings.Repeat("1", 32) + "-" + strings.Repeat("0", 16) + "-01",
			"TRACEPARENT=00-" + strings.Repeat("A", 32) + "-" + strings.Repeat("1", 16) + "-01",
		} {
			t.Run(name+" "+context, func(t *testing.T) {
				w := watch(t)
				one := r.runWithEnv(t, w, context)
				root := rootSpan(t, sink, one)
				if root.ParentID != "" || root.TraceID != one.TraceID || one.TraceParent != "" {
					t.Errorf("trace %s below span %q; the record has %s of %q", root.TraceID, root.ParentID, one.TraceID, one.TraceParent)
				}
			})
		}
	}
}

// runWithEnv runs a container with a runtime that has a variable in its
// environment.
func (r bareRuntime) runWithEnv(t *testing.T, w *watcher, variable string) record {
	t.Helper()
	id := newID(t, r.name)
	cmd := r.cmd("run", "--bundle", bundle(t, "/bin/true"), id)
	if variable != "" {
		cmd.Env = append(os.Environ(), variable)
	}
	must(t, cmd)
	return w.wait(t, id)[id]
}

// checkContinued checks that a start is a part of a trace context's trace.
func checkContinued(t *testing.T, sink *host.Process, r record, parent traceContext) {
	t.Helper()
	root := rootSpan(t, sink, r)
	if root.TraceID != parent.trace || root.ParentID != parent.span {
		t.Errorf("the root is in trace %s below %q; want %s", root.TraceID, root.ParentID, parent.header)
	}
	if r.TraceID != parent.trace || r.TraceParent != parent.header || r.SpanID != root.SpanID {
		t.Errorf("the record has trace %s, span %s of %q; want %s and span %s", r.TraceID, r.SpanID, r.TraceParent, parent.header, root.SpanID)
	}
	for _, p := range r.Phases { // the spans of one trace may come in several batches
		host.WaitFor(t, 20*time.Second, "the span of phase "+p.Name+" below the root", func() bool {
			return slices.ContainsFunc(decodeLines[host.Span](t, sink.Stdout.String()), func(s host.Span) bool {
				return s.Name == p.Name && s.TraceID == parent.trace && s.ParentID == root.SpanID
			})
		}, sink.Stdout.String)
	}
}

// rootSpan waits for the root span of a start and finds it by its container's id.
func rootSpan(t *testing.T, sink *host.Process, r record) host.Span {
	t.Helper()
	var roots []host.Span
	host.WaitFor(t, 20*time.Second, "the span of "+r.ContainerID, func() bool {
		roots = nil
		for _, s := range decodeLines[host.Span](t, sink.Stdout.String()) {
			if s.Name == "container start" && s.Attributes["container.id"] == r.ContainerID {
				roots = append(roots, s)
			}
		}
		return len(roots) > 0
	}, sink.Stdout.String)
	if len(roots) != 1 {
		t.Errorf("%d spans of the start of %s", len(roots), r.ContainerID)
	}
	return roots[0]
}

// TestTraceParentOfPlugin runs podman with a TRACEPARENT, which podman passes to
// the CNI plugins.
func TestTraceParentOfPlugin(t *testing.T) {
	p := needPodman(t, "crun", "cni")
	sink, endpoint := receive(t)
	serve(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_BSP_SCHEDULE_DELAY=100")
	w := watchInNetns(t, p.holder.Cmd.Process.Pid)
	parent := newTraceContext()
	t.Setenv("TRACEPARENT", parent.header)
	c := p.detach(t)
	checkContinued(t, sink, w.wait(t, c.id)[c.id], parent)
}
