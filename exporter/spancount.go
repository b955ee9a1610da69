package exporter

import (
	"context"
	"log/slog"
	"regexp"
	"strconv"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// countingExporter counts what becomes of the spans, and frees their place in
// the queue: the SDK drops in silence.
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

// rejected is how many of n spans an export that ended so has lost.
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

// errorLogInterval is the least time between two lines about spans.
const errorLogInterval = time.Minute

// errorLog is the SDK's error handler. An endpoint that is down makes an error
// per batch, and one line a minute.
type errorLog struct {
	logger *slog.Logger

	mu         sync.Mutex
	next       time.Time
	suppressed int
}

// Handle logs an error, unless another was logged a short time ago.
func (l *errorLog) Handle(err error) {
	if l.logger == nil || err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Before(l.next) {
		l.suppressed++
		return
	}
	l.logger.Warn("Traces are not exported as they should be", "err", err, "suppressed", l.suppressed)
	l.next, l.suppressed = now.Add(errorLogInterval), 0
}
