package trace

import (
	"context"
	"log/slog"
	"regexp"
	"strconv"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// countingExporter counts the spans that were exported or dropped, and frees
// their place in the queue. The SDK drops spans silently.
type countingExporter struct {
	sdktrace.SpanExporter
	traces *Traces
}

// ExportSpans exports a batch.
func (e *countingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	lost := rejected(err, len(spans))
	e.traces.exported.Add(uint64(len(spans) - lost))
	e.traces.dropped.Add(uint64(lost))
	e.traces.release(int64(len(spans)))
	return err
}

// partialSuccess matches the error of a batch that was accepted in part, or
// with a warning. Its type is internal to each OTLP exporter.
var partialSuccess = regexp.MustCompile(`(?s)OTLP partial success: .*\((\d+) spans rejected\)`)

// rejected returns how many of n spans were lost by an export that returned err.
func rejected(err error, n int) int {
	if err == nil {
		return 0
	}
	match := partialSuccess.FindStringSubmatch(err.Error())
	if match == nil {
		return n
	}
	lost, err := strconv.Atoi(match[1])
	if err != nil {
		return n
	}
	return min(lost, n)
}

// errorLogInterval is the minimum time between two log lines about spans.
const errorLogInterval = time.Minute

// errorLog is the SDK's error handler. An endpoint that is down causes an error
// per batch, and only one log line a minute.
type errorLog struct {
	logger *slog.Logger

	mu         sync.Mutex
	next       time.Time
	suppressed int
}

// Handle logs an error, or counts it if another was logged less than a minute
// ago.
func (e *errorLog) Handle(err error) {
	if e.logger == nil || err == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if now.Before(e.next) {
		e.suppressed++
		return
	}
	e.logger.Warn("Cannot export traces", "err", err, "suppressed", e.suppressed)
	e.next, e.suppressed = now.Add(errorLogInterval), 0
}
