package exporter

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
)

// parseTraceID parses 32 hexadecimal digits, not all of them zero.
func parseTraceID(s string) (trace.TraceID, bool) {
	id, err := trace.TraceIDFromHex(s)
	return id, err == nil
}

type traceIDKey struct{}

// withTraceID makes the trace that begins in the returned context have this id.
func withTraceID(ctx context.Context, id trace.TraceID) context.Context {
	return context.WithValue(ctx, traceIDKey{}, id)
}

// startIDs makes ids as the SDK requires. A start brings its trace id, so that
// exemplars, pages and traces agree on it; span ids are random.
type startIDs struct{}

// NewIDs returns the trace id in the context, else a random one, and a span id.
func (g startIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, ok := ctx.Value(traceIDKey{}).(trace.TraceID)
	for !ok || !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
		ok = true
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID returns a random span id.
func (startIDs) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	var id trace.SpanID
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
