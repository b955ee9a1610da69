package trace

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/golden"
	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/exporter/safe"
)

// recorded returns the spans of starts as the SDK exports them.
func recorded(t *testing.T, starts ...*start.Start) tracetest.SpanStubs {
	t.Helper()
	memory := &keeping{tracetest.NewInMemoryExporter()}
	traces := newTraces(memory, resource.Empty(), "test")
	for _, s := range starts {
		traces.Start(s)
	}
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := memory.GetSpans()
	if exported, dropped := traces.Stats(); exported != uint64(len(spans)) || dropped != 0 || traces.queued.Load() != 0 {
		t.Errorf("%d spans: %d exported, %d dropped, %d queued", len(spans), exported, dropped, traces.queued.Load())
	}
	return spans
}

// keeping keeps its spans after a shutdown.
type keeping struct{ *tracetest.InMemoryExporter }

func (keeping) Shutdown(context.Context) error { return nil }

func TestSpansGolden(t *testing.T) {
	var text strings.Builder
	for _, s := range []*start.Start{sample.Docker(), sample.Bare(), sample.Failed(), sample.Incomplete()} {
		spans := recorded(t, s)
		slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
		fmt.Fprintf(&text, "trace %s\n", spans[0].SpanContext.TraceID())
		render(&text, spans, s.Begin, oteltrace.SpanID{}, "")
	}
	golden.Compare(t, "traces.golden", text.String())
}

// render writes the spans below a parent, indented.
func render(w *strings.Builder, spans tracetest.SpanStubs, begin time.Time, parent oteltrace.SpanID, indent string) {
	for _, s := range spans {
		if s.Parent.SpanID() != parent {
			continue
		}
		fmt.Fprintf(w, "%s%s  %s + %s", indent, s.Name, s.StartTime.Sub(begin), s.EndTime.Sub(s.StartTime))
		if s.Status.Description != "" {
			fmt.Fprintf(w, "  %s: %s", s.Status.Code, s.Status.Description)
		}
		w.WriteByte('\n')
		for _, a := range s.Attributes {
			fmt.Fprintf(w, "%s    %s=%s\n", indent, a.Key, a.Value.String())
		}
		for _, e := range s.Events {
			fmt.Fprintf(w, "%s    · %s %s", indent, e.Time.Sub(begin), e.Name)
			for _, a := range e.Attributes {
				fmt.Fprintf(w, " %s=%s", strings.TrimPrefix(string(a.Key), "container_start.operation."), a.Value.String())
			}
			w.WriteByte('\n')
		}
		render(w, spans, begin, s.SpanContext.SpanID(), indent+"  ")
	}
}

func TestTraceID(t *testing.T) {
	for id, honoured := range map[string]bool{
		"4bf92f3577b34da6a3ce929d0e0e4736": true,
		"00000000000000000000000000000000": false,
		"not hexadecimal":                  false,
		"":                                 false,
	} {
		s := sample.Docker()
		s.TraceID = id
		spans := recorded(t, s)
		got := spans[0].SpanContext.TraceID()
		if !got.IsValid() || (got.String() == id) != honoured {
			t.Errorf("trace id %q becomes %s", id, got)
		}
		ids := map[oteltrace.SpanID]bool{}
		for _, span := range spans {
			if span.SpanContext.TraceID() != got {
				t.Errorf("%s is in trace %s, its root in %s", span.Name, span.SpanContext.TraceID(), got)
			}
			ids[span.SpanContext.SpanID()] = true
		}
		if len(ids) != len(spans) {
			t.Errorf("%d spans have %d ids", len(spans), len(ids))
		}
	}
}

// A child lies inside its parent, whatever is in the start.
func TestSpansInsideParents(t *testing.T) {
	for seed := range uint64(2000) {
		s := sample.Random(rand.New(rand.NewPCG(seed, 1)))
		tree := spanTree(s)
		if len(tree) != spanCount(s) {
			t.Fatalf("seed %d: %d spans, but spanCount is %d", seed, len(tree), spanCount(s))
		}
		events := 0
		for i, span := range tree {
			events += len(span.events)
			if span.begin > span.end {
				t.Fatalf("seed %d: %s ends before it begins", seed, span.name)
			}
			if !utf8.ValidString(span.name) || len(span.name) > 2*safe.MaxLabel+1 {
				t.Fatalf("seed %d: name %q", seed, span.name)
			}
			if i == 0 {
				continue
			}
			if span.parent >= i {
				t.Fatalf("seed %d: %s comes before its parent", seed, span.name)
			}
			if parent := tree[span.parent]; span.begin < parent.begin || span.end > parent.end {
				t.Fatalf("seed %d: %s [%d %d] is not inside %s [%d %d]", seed,
					span.name, span.begin, span.end, parent.name, parent.begin, parent.end)
			}
			for _, e := range span.events {
				if e.at < span.begin || e.at > span.end {
					t.Fatalf("seed %d: an event of %s is not inside it", seed, span.name)
				}
			}
		}
		if events+len(tree) != 1+len(s.Phases)+len(s.Operations) {
			t.Fatalf("seed %d: an operation is neither a span nor an event", seed)
		}
		for _, a := range slices.Concat(tree[0].attributes, tree[len(tree)-1].attributes) {
			if !utf8.ValidString(a.Value.String()) || utf8.RuneCountInString(a.Value.String()) > longText {
				t.Fatalf("seed %d: attribute %s=%q", seed, a.Key, a.Value.String())
			}
		}
	}
}

func TestSampler(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	memory := &keeping{tracetest.NewInMemoryExporter()}
	traces := newTraces(memory, resource.Empty(), "test")
	traces.Start(sample.Docker())
	traces.Ready(sample.Docker())
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	exported, dropped := traces.Stats()
	if len(memory.GetSpans()) != 0 || exported != 0 || dropped != 0 || traces.queued.Load() != 0 {
		t.Errorf("unsampled: %d exported, %d dropped, %d queued", exported, dropped, traces.queued.Load())
	}
}

var _ sdktrace.SpanExporter = keeping{}

// BenchmarkTracesStart measures the cost for the goroutine that assembles starts.
// The queue is full: most starts are dropped.
func BenchmarkTracesStart(b *testing.B) {
	s := sample.Docker()
	traces := newTraces(&keeping{tracetest.NewInMemoryExporter()}, resource.Empty(), "test")
	b.ReportAllocs()
	for b.Loop() {
		traces.Start(s)
	}
}

// A start that was executed in a trace context continues that trace.
func TestTraceParent(t *testing.T) {
	s := sample.Docker()
	s.TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s.TraceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, span := range recorded(t, s) {
		if span.SpanContext.TraceID().String() != s.TraceID {
			t.Errorf("%s is in trace %s", span.Name, span.SpanContext.TraceID())
		}
		if span.Name != rootName {
			continue
		}
		if got := span.Parent.SpanID().String(); got != "00f067aa0ba902b7" || !span.Parent.IsRemote() {
			t.Errorf("the root's parent is %s, remote %t", got, span.Parent.IsRemote())
		}
		if got := span.SpanContext.SpanID().String(); got != s.SpanID {
			t.Errorf("the root's id is %s, the record's %s", got, s.SpanID)
		}
	}
}

// A pod's container links to its sandbox's start.
func TestSandboxLink(t *testing.T) {
	s := sample.Docker()
	s.Pod = &start.Pod{Name: "web-0", SandboxTraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SandboxSpanID: "00f067aa0ba902b7"}
	links := 0
	for _, span := range recorded(t, s) {
		for _, link := range span.Links {
			links++
			if span.Name != rootName || link.SpanContext.SpanID().String() != "00f067aa0ba902b7" {
				t.Errorf("%s links to %s", span.Name, link.SpanContext.SpanID())
			}
		}
	}
	if links != 1 {
		t.Errorf("%d links", links)
	}
}

// A container that listens gets a span after its start, in the same trace.
func TestReadySpan(t *testing.T) {
	s := sample.Docker()
	memory := tracetest.NewInMemoryExporter()
	traces := newTraces(memory, nil, "test")
	traces.Start(s)
	traces.Ready(s)
	if err := traces.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		_ = traces.provider.ForceFlush(t.Context())
		for _, span := range memory.GetSpans() {
			if span.Name != "ready" {
				continue
			}
			if got := span.Parent.SpanID().String(); got != s.SpanID || span.SpanContext.TraceID().String() != s.TraceID {
				t.Errorf("ready is below %s in %s", got, span.SpanContext.TraceID())
			}
			if got, want := span.StartTime, s.Begin.Add(s.Duration); !got.Equal(want) {
				t.Errorf("ready begins at %v, the start ends at %v", got, want)
			}
			if got := span.EndTime.Sub(span.StartTime); got != s.Ready {
				t.Errorf("ready took %v, want %v", got, s.Ready)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no ready span")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestReadyOfDroppedStart lets a container listen whose start was dropped: its ready
// span would be a part of a trace, and is dropped as well.
func TestReadyOfDroppedStart(t *testing.T) {
	memory := &keeping{tracetest.NewInMemoryExporter()}
	traces := newTraces(memory, resource.Empty(), "test")
	traces.Ready(sample.Docker())
	if err := traces.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, dropped := traces.Stats(); len(memory.GetSpans()) != 0 || dropped != 1 || traces.queued.Load() != 0 {
		t.Errorf("%d spans sent, %d dropped, %d queued", len(memory.GetSpans()), dropped, traces.queued.Load())
	}
}

// TestRecentStarts remembers more starts than there is room for.
func TestRecentStarts(t *testing.T) {
	r := newRecentStarts()
	for i := range 3 * len(r.ring) {
		r.add(strconv.Itoa(i), true)
	}
	if _, known := r.kept["0"]; known || len(r.kept) != len(r.ring) || !r.kept[strconv.Itoa(3*len(r.ring)-1)] {
		t.Errorf("%d starts are remembered", len(r.kept))
	}
}
