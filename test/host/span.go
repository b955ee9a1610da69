package host

import "time"

// Span is a span as the OpenTelemetry Collector's receiver gets it: a line of the
// output of exporter/trace/testdata/otlpsink.
type Span struct {
	TraceID    string         `json:"trace_id"`
	SpanID     string         `json:"span_id"`
	ParentID   string         `json:"parent_id"`
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`
	Start      time.Time      `json:"start"`
	End        time.Time      `json:"end"`
	Status     string         `json:"status"`
	Attributes map[string]any `json:"attributes"`
	Events     int            `json:"events"`
	Resource   map[string]any `json:"resource"`
}
