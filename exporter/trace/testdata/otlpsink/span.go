package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// span is one line of the output.
type span struct {
	TraceID       string         `json:"trace_id"`
	SpanID        string         `json:"span_id"`
	ParentID      string         `json:"parent_id,omitempty"` // absent: a root
	Name          string         `json:"name"`
	Kind          string         `json:"kind"` // Internal, Server, ...
	Start         time.Time      `json:"start"`
	End           time.Time      `json:"end"`
	Status        string         `json:"status"` // Unset, Ok, Error
	Message       string         `json:"message,omitempty"`
	Attributes    map[string]any `json:"attributes"`
	Events        int            `json:"events"`
	Links         int            `json:"links"`
	DroppedEvents uint32         `json:"dropped_events,omitempty"`
	Scope         string         `json:"scope"`
	Resource      map[string]any `json:"resource"`
}

// lines writes spans to a file. Its methods are safe for concurrent use: requests
// are served in parallel.
type lines struct {
	mu   sync.Mutex
	file *os.File
}

func (l *lines) write(_ context.Context, traces ptrace.Traces) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	encoder := json.NewEncoder(l.file)
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, received := range scope.Spans().All() {
				if err := encoder.Encode(line(resource.Resource(), scope.Scope(), received)); err != nil {
					return fmt.Errorf("write span: %w", err)
				}
			}
		}
	}
	return nil
}

func line(resource pcommon.Resource, scope pcommon.InstrumentationScope, s ptrace.Span) span {
	return span{
		TraceID:       s.TraceID().String(),
		SpanID:        s.SpanID().String(),
		ParentID:      s.ParentSpanID().String(),
		Name:          s.Name(),
		Kind:          s.Kind().String(),
		Start:         s.StartTimestamp().AsTime(),
		End:           s.EndTimestamp().AsTime(),
		Status:        s.Status().Code().String(),
		Message:       s.Status().Message(),
		Attributes:    s.Attributes().AsRaw(),
		Events:        s.Events().Len(),
		Links:         s.Links().Len(),
		DroppedEvents: s.DroppedEventsCount(),
		Scope:         scope.Name(),
		Resource:      resource.Attributes().AsRaw(),
	}
}
