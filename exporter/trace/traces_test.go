package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/test/host"
)

// otelEnv unsets all OTEL_* variables but these.
func otelEnv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func newTestTraces(t *testing.T, log *slog.Logger) *Traces {
	t.Helper()
	traces, err := New(t.Context(), Options{Logger: log, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

func TestTracesEnabledByEnvironment(t *testing.T) {
	const endpoint = "http://127.0.0.1:1"
	tests := map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing":            {nil, false},
		"empty":              {map[string]string{"OTEL_TRACES_EXPORTER": "", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}, false},
		"unrelated":          {map[string]string{"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint}, false},
		"otlp":               {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"endpoint":           {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true},
		"endpoint of traces": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}, true},
		"none":               {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, false},
		"disabled":           {map[string]string{"OTEL_SDK_DISABLED": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, false},
		"not disabled":       {map[string]string{"OTEL_SDK_DISABLED": "false", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true},
		"nonsense in OTEL_BSP": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
			"OTEL_BSP_MAX_QUEUE_SIZE": "-1", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "-1"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			otelEnv(t, tt.env)
			traces := newTestTraces(t, nil)
			if traces.Enabled() != tt.want {
				t.Errorf("enabled: %t, want %t", traces.Enabled(), tt.want)
			}
			if !tt.want {
				traces.Start(sample.Docker())
			}
			if err := traces.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if exported, dropped := traces.Stats(); exported+dropped != 0 {
				t.Errorf("%d exported, %d dropped", exported, dropped)
			}
		})
	}
}

func TestTracesUnknownExporter(t *testing.T) {
	otelEnv(t, map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"})
	if _, err := New(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_EXPORTER") {
		t.Errorf("error %v does not name the variable", err)
	}
}

func TestTracesNil(t *testing.T) {
	var traces *Traces
	traces.Start(sample.Docker())
	if exported, dropped := traces.Stats(); exported+dropped != 0 || traces.Shutdown(t.Context()) != nil {
		t.Error("a nil Traces does something")
	}
}

// logged is a buffer that is safe for concurrent use.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logged) lines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.all.String(), "\n")
}

// If nothing listens at the endpoint, every span is counted as dropped, and one
// line is logged.
func TestTracesDeadEndpoint(t *testing.T) {
	otelEnv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + host.FreeAddress(t),
		"OTEL_BSP_SCHEDULE_DELAY":     "1", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10",
	})
	log := &logged{}
	traces := newTestTraces(t, slog.New(slog.NewTextHandler(log, nil)))
	starts := sample.Many(50)
	for _, s := range starts {
		traces.Start(s)
	}
	_ = traces.Shutdown(t.Context())
	want := uint64(len(starts) * spanCount(starts[0]))
	if exported, dropped := traces.Stats(); exported != 0 || dropped != want {
		t.Errorf("%d exported, %d dropped, want %d dropped", exported, dropped, want)
	}
	if log.lines() != 1 {
		t.Errorf("%d lines logged:\n%s", log.lines(), log.all.String())
	}
}

// An endpoint that never answers does not block Start. Starts that do not fit in
// the queue are dropped as whole traces.
func TestTracesSilentEndpoint(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	otelEnv(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + listener.Addr().String(),
		"OTEL_BSP_SCHEDULE_DELAY":     "1", "OTEL_BSP_MAX_QUEUE_SIZE": "100",
	})
	traces := newTestTraces(t, nil)
	starts := sample.Many(1000)
	for _, s := range starts {
		traces.Start(s) // the test would hang here
	}
	spans := uint64(spanCount(starts[0]))
	exported, dropped := traces.Stats()
	if kept := 100 / spans; exported != 0 || dropped != (uint64(len(starts))-kept)*spans {
		t.Errorf("%d exported, %d dropped; %d of %d starts fit in the queue", exported, dropped, kept, len(starts))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := traces.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown returned %v", err)
	}
}

// An endpoint may accept a part of a batch.
func TestTracesPartialSuccess(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer, _ := proto.Marshal(&coltracepb.ExportTraceServiceResponse{
			PartialSuccess: &coltracepb.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "three\nare too old"},
		})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	}))
	defer server.Close()
	otelEnv(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL})
	traces := newTestTraces(t, nil)
	traces.Start(sample.Docker())
	_ = traces.Shutdown(t.Context())
	want := uint64(spanCount(sample.Docker()) - 3)
	if exported, dropped := traces.Stats(); exported != want || dropped != 3 {
		t.Errorf("%d exported, %d dropped, want %d and 3", exported, dropped, want)
	}
}

func TestServiceResource(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"default":    {nil, "container_start_exporter"},
		"empty":      {map[string]string{"OTEL_SERVICE_NAME": ""}, "container_start_exporter"},
		"name":       {map[string]string{"OTEL_SERVICE_NAME": "a"}, "a"},
		"attributes": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name=b,k8s.node.name=n1"}, "b"},
		"both":       {map[string]string{"OTEL_SERVICE_NAME": "a", "OTEL_RESOURCE_ATTRIBUTES": "service.name=b"}, "a"},
		"malformed":  {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "nonsense"}, "container_start_exporter"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			otelEnv(t, tt.env)
			r, err := serviceResource(t.Context(), "1.2.3")
			if (err != nil) != (name == "malformed") {
				t.Errorf("error %v", err)
			}
			if got, _ := r.Set().Value("service.name"); got.AsString() != tt.want {
				t.Errorf("service.name is %q, want %q", got.AsString(), tt.want)
			}
		})
	}
}

func TestErrorLog(t *testing.T) {
	log := &logged{}
	handler := &errorLog{logger: slog.New(slog.NewTextHandler(log, nil))}
	for i := range 1000 {
		handler.Handle(fmt.Errorf("error %d", i))
	}
	handler.next = time.Time{}
	handler.Handle(errors.New("a minute later"))
	if log.lines() != 2 || !strings.Contains(log.all.String(), "suppressed=999") {
		t.Errorf("logged:\n%s", log.all.String())
	}
}
