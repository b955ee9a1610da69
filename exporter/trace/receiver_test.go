package trace

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/test/host"
)

// otlpSink runs the OpenTelemetry Collector's receiver on the two addresses.
// The returned function stops it and returns the received spans.
func otlpSink(t *testing.T, grpc, http string) (stop func() []host.Span) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "otlpsink")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	build.Dir = filepath.Join("testdata", "otlpsink")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build otlpsink: %v\n%s", err, out)
	}
	sink := exec.CommandContext(t.Context(), binary, "-grpc", grpc, "-http", http)
	stdout, err := sink.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := sink.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stderr).ReadString('\n'); line != "ready\n" {
		t.Fatalf("otlpsink printed %q: %v", line, err)
	}
	received := make(chan []host.Span)
	go func() {
		var spans []host.Span
		for lines := json.NewDecoder(stdout); ; {
			var s host.Span
			if lines.Decode(&s) != nil {
				break
			}
			spans = append(spans, s)
		}
		received <- spans
	}()
	return func() []host.Span {
		_ = sink.Process.Signal(syscall.SIGTERM)
		spans := <-received
		if err := sink.Wait(); err != nil {
			t.Errorf("otlpsink: %v", err)
		}
		return spans
	}
}

// A real receiver gets the whole tree by both transports of OTLP, even if the
// names of a start are hostile.
func TestRealReceiver(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the OpenTelemetry Collector's receiver")
	}
	grpc, http := host.FreeAddress(t), host.FreeAddress(t)
	stop := otlpSink(t, grpc, http)
	sent := map[string]*start.Start{"1": sample.Docker(), "2": sample.Failed(), "3": sample.Docker(), "4": sample.Failed()}
	for n, s := range sent {
		s.TraceID = s.TraceID[:31] + n
	}
	sent["2"].ContainerID, sent["4"].ContainerID = "a\xff\x00b", "a\xff\x00b"
	send := func(protocol, endpoint string, starts ...*start.Start) {
		otelEnv(t, map[string]string{
			"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
			"OTEL_RESOURCE_ATTRIBUTES": "protocol=" + protocol,
		})
		traces := newTestTraces(t, nil)
		want := uint64(0)
		for _, s := range starts {
			traces.Start(s)
			want += uint64(spanCount(s))
		}
		if err := traces.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if exported, dropped := traces.Stats(); exported != want || dropped != 0 {
			t.Errorf("%s: %d exported, %d dropped, want %d exported", protocol, exported, dropped, want)
		}
	}
	send("grpc", "http://"+grpc, sent["1"], sent["2"])
	send("http/protobuf", "http://"+http, sent["3"], sent["4"])

	byTrace := map[string][]host.Span{}
	for _, span := range stop() {
		byTrace[span.TraceID] = append(byTrace[span.TraceID], span)
	}
	if len(byTrace) != len(sent) {
		t.Errorf("%d traces received, want %d", len(byTrace), len(sent))
	}
	for _, s := range sent {
		compareReceived(t, s, byTrace[s.TraceID])
	}
	if got := byTrace[sent["3"].TraceID][0].Resource; got["service.name"] != "container_start_exporter" || got["protocol"] != "http/protobuf" {
		t.Errorf("resource %v", got)
	}
}

func compareReceived(t *testing.T, s *start.Start, spans []host.Span) {
	t.Helper()
	tree := spanTree(s)
	if len(spans) != len(tree) {
		t.Fatalf("trace %s has %d spans, want %d", s.TraceID, len(spans), len(tree))
	}
	byName, names := map[string]host.Span{}, map[string]string{"": ""}
	for _, span := range spans {
		byName[span.Name], names[span.SpanID] = span, span.Name
	}
	for i, want := range tree {
		got, parent := byName[want.name], ""
		if i > 0 {
			parent = tree[want.parent].name
		}
		status := "Unset"
		if want.errorType != "" {
			status = "Error"
		}
		if names[got.ParentID] != parent || got.Kind != "Internal" || got.Status != status || got.Events != len(want.events) ||
			!got.Start.Equal(s.Begin.Add(want.begin)) || !got.End.Equal(s.Begin.Add(want.end)) {
			t.Errorf("%s arrives as %+v", want.name, got)
		}
	}
}
