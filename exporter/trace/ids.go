package trace

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"container_start_exporter/collector/start"
)

type rootIDsKey struct{}

// rootIDs are the ids that the root span of a start's trace must get.
type rootIDs struct {
	trace oteltrace.TraceID
	span  oteltrace.SpanID
}

// rootContext returns the context in which the root span begins: with the ids
// of the start and, if the start was executed in a trace context, below the
// engine's span.
func rootContext(s *start.Start) context.Context {
	ctx := context.Background()
	if s.TraceParent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": s.TraceParent})
	}
	if c, ok := spanContext(s.TraceID, s.SpanID); ok {
		ctx = context.WithValue(ctx, rootIDsKey{}, rootIDs{c.TraceID(), c.SpanID()})
	}
	return ctx
}

// contextOf returns the context in which a span without a parent in its tree
// begins.
func contextOf(s *start.Start, node span) context.Context {
	if node.name == rootName {
		return rootContext(s)
	}
	if c, ok := spanContext(s.TraceID, s.SpanID); ok {
		return oteltrace.ContextWithRemoteSpanContext(context.Background(), c)
	}
	return context.Background()
}

// sandboxLinks link a container's start to that of its pod's sandbox.
func sandboxLinks(s *start.Start) []oteltrace.Link {
	if s.Pod == nil {
		return nil
	}
	c, ok := spanContext(s.Pod.SandboxTraceID, s.Pod.SandboxSpanID)
	if !ok {
		return nil
	}
	return []oteltrace.Link{{SpanContext: c}}
}

// spanContext parses the 32 and 16 hexadecimal digits of the ids, neither all
// zero.
func spanContext(traceID, spanID string) (oteltrace.SpanContext, bool) {
	t, err := oteltrace.TraceIDFromHex(traceID)
	if err != nil {
		return oteltrace.SpanContext{}, false
	}
	s, err := oteltrace.SpanIDFromHex(spanID)
	if err != nil {
		return oteltrace.SpanContext{}, false
	}
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: oteltrace.FlagsSampled}), true
}

// startIDs generates ids for the SDK. A start's own ids are those of its root
// span, so that exemplars, pages and traces agree; all other ids are random.
type startIDs struct{}

// NewIDs returns the ids in the context, or else random ones.
func (s startIDs) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	if root, ok := ctx.Value(rootIDsKey{}).(rootIDs); ok {
		return root.trace, root.span
	}
	var id oteltrace.TraceID
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id, s.NewSpanID(ctx, id)
}

// NewSpanID returns the span id in the context, or else a random one.
func (startIDs) NewSpanID(ctx context.Context, _ oteltrace.TraceID) oteltrace.SpanID {
	if root, ok := ctx.Value(rootIDsKey{}).(rootIDs); ok {
		return root.span
	}
	var id oteltrace.SpanID
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
