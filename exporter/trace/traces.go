package trace

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"container_start_exporter/collector/start"
)

// Traces sends one trace per start to the endpoint that OTEL_* names. It is a
// collector.StartObserver; a nil or disabled one does nothing.
//
// Starts wait in a queue that is bounded by the number of their spans, from
// Start until the exporter is done with them. If there is no room for a start,
// it is dropped as a whole: half a trace misleads. So every span is exported,
// dropped and counted, left out by the sampler, or still queued.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   oteltrace.Tracer

	starts   chan queued
	recent   *recentStarts // used by run alone
	stop     sync.Once
	stopping chan struct{} // closed by Shutdown
	stopped  chan struct{} // closed when every start has become spans

	limit    int64
	queued   atomic.Int64
	exported atomic.Uint64
	dropped  atomic.Uint64
}

// Options are the options that are not in the environment.
type Options struct {
	// Logger logs errors of the export, at most one a minute.
	Logger *slog.Logger
	// Version is this program's, the service.version of its traces.
	Version string
}

// New returns traces as OTEL_* configures them: disabled unless
// OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT is set, or if
// OTEL_SDK_DISABLED is true. It connects to nothing yet. It returns an error if
// a variable has an unknown value.
func New(ctx context.Context, o Options) (*Traces, error) {
	exporter, err := spanExporterFromEnv(ctx)
	if err != nil {
		return nil, err
	}
	if exporter == nil {
		return &Traces{}, nil
	}
	log := &errorLog{logger: o.Logger}
	otel.SetErrorHandler(log)
	service, err := serviceResource(ctx, o.Version)
	if err != nil {
		log.Handle(err)
	}
	return newTraces(exporter, service, o.Version), nil
}

func newTraces(exporter sdktrace.SpanExporter, service *resource.Resource, version string) *Traces {
	limit := queueSize()
	t := &Traces{
		starts:   make(chan queued, limit),
		recent:   newRecentStarts(),
		stopping: make(chan struct{}),
		stopped:  make(chan struct{}),
		limit:    int64(limit),
	}
	// The processor's queue cannot overflow: never more than limit spans are on
	// their way.
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&countingExporter{SpanExporter: exporter, traces: t},
			sdktrace.WithMaxQueueSize(limit), sdktrace.WithMaxExportBatchSize(batchSize())),
		sdktrace.WithIDGenerator(startIDs{}),
		sdktrace.WithResource(service),
	)
	t.tracer = t.provider.Tracer("container_start_exporter", oteltrace.WithInstrumentationVersion(version))
	go t.run()
	return t
}

// Enabled reports whether traces are sent at all.
func (t *Traces) Enabled() bool { return t != nil && t.provider != nil }

// Start queues a start, or drops and counts it. It never blocks. A start after
// Shutdown is lost.
func (t *Traces) Start(s *start.Start) { t.queue(s, spanTree, spanCount(s)) }

// Ready queues one more span in the trace of a start: from the exec of the
// entrypoint to the first listen. It follows the start and is not part of it.
func (t *Traces) Ready(s *start.Start) { t.queue(s, readyTree, 1) }

func (t *Traces) queue(s *start.Start, tree func(*start.Start) []span, count int) {
	if !t.Enabled() {
		return
	}
	spans := int64(count)
	// A trace needs a time of day, and a replay may not have one.
	if s.Begin.IsZero() || !t.reserve(spans) {
		t.dropped.Add(uint64(spans))
		return
	}
	// This never blocks: each start in the channel has reserved at least one of
	// limit spans.
	t.starts <- queued{s, tree}
}

func (t *Traces) reserve(spans int64) bool {
	if t.queued.Add(spans) <= t.limit {
		return true
	}
	t.release(spans)
	return false
}

func (t *Traces) release(spans int64) { t.queued.Add(-spans) }

// Stats returns how many spans the endpoint has accepted, and how many were
// dropped: because the queue was full or the endpoint did not accept them. Spans
// that the sampler leaves out are in neither.
func (t *Traces) Stats() (exported, dropped uint64) {
	if !t.Enabled() {
		return 0, 0
	}
	return t.exported.Load(), t.dropped.Load()
}

// Shutdown sends what is queued, as far as ctx allows. Call it after the last
// Start.
func (t *Traces) Shutdown(ctx context.Context) error {
	if !t.Enabled() {
		return nil
	}
	t.stop.Do(func() { close(t.stopping) })
	select {
	case <-t.stopped:
	case <-ctx.Done():
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send queued spans: %w", err)
	}
	return nil
}

// run turns starts into spans, away from the goroutine that assembles them.
func (t *Traces) run() {
	defer close(t.stopped)
	for {
		select {
		case s := <-t.starts:
			t.send(s)
		case <-t.stopping:
			for len(t.starts) > 0 {
				t.send(<-t.starts)
			}
			return
		}
	}
}

// queued is a start that waits to be sent, and the function for its spans.
type queued struct {
	start *start.Start
	tree  func(*start.Start) []span
}

// send hands the spans of a start to the processor, parents first.
func (t *Traces) send(q queued) {
	s, tree := q.start, q.tree(q.start)
	if tree[0].name != rootName && !t.follows(s, len(tree)) {
		return
	}
	contexts := make([]context.Context, len(tree))
	spans := make([]oteltrace.Span, len(tree))
	for i, node := range tree {
		parent, links := contextOf(s, node), []oteltrace.Link(nil)
		switch {
		case node.parent >= 0:
			parent = contexts[node.parent]
		case node.name == rootName:
			links = sandboxLinks(s)
		}
		_, spans[i] = t.tracer.Start(parent, node.name, oteltrace.WithLinks(links...),
			oteltrace.WithTimestamp(s.Begin.Add(node.begin)), oteltrace.WithAttributes(node.attributes...))
		contexts[i] = oteltrace.ContextWithSpan(context.Background(), spans[i])
		if node.name == rootName {
			t.recent.add(s.SpanID, spans[i].SpanContext().IsSampled())
		}
		if !spans[i].SpanContext().IsSampled() {
			t.release(int64(len(tree)))
			return
		}
	}
	for i, node := range tree {
		finish(spans[i], s.Begin, node)
	}
}

// follows reports whether n spans may follow in the trace of a start: it was sent.
// They are left out if the sampler left the start out, and dropped if it was dropped.
func (t *Traces) follows(s *start.Start, n int) bool {
	kept, known := t.recent.kept[s.SpanID]
	if kept {
		return true
	}
	if !known {
		t.dropped.Add(uint64(n))
	}
	t.release(int64(n))
	return false
}

func finish(s oteltrace.Span, begin time.Time, node span) {
	for _, e := range node.events {
		s.AddEvent(e.name, oteltrace.WithTimestamp(begin.Add(e.at)), oteltrace.WithAttributes(e.attributes...))
	}
	if node.errorType != "" {
		s.SetAttributes(semconv.ErrorTypeKey.String(node.errorType))
		s.SetStatus(codes.Error, node.message)
	}
	s.End(oteltrace.WithTimestamp(begin.Add(node.end)))
}
