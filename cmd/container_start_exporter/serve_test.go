package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"container_start_exporter/collector"
)

func testServer(t *testing.T, o *serveOptions) *server {
	t.Helper()
	s, err := newServer(&common{startTimeout: time.Minute}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// TestHandlerBeforeProbes checks that serve is healthy but not ready before the
// probes are attached.
func TestHandlerBeforeProbes(t *testing.T) {
	h := testServer(t, &serveOptions{telemetryPath: "/m"}).handler()
	for path, want := range map[string]struct {
		code int
		body string
	}{
		"/":           {http.StatusOK, "/m"},
		"/m":          {http.StatusOK, "container_start_exporter_build_info"},
		"/metrics":    {http.StatusNotFound, ""},
		"/-/healthy":  {http.StatusOK, "healthy"},
		"/-/ready":    {http.StatusServiceUnavailable, "not attached yet"},
		"/etc/passwd": {http.StatusNotFound, ""},
	} {
		if code, body := get(t, h, path); code != want.code || !strings.Contains(body, want.body) {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

func TestExporterMetrics(t *testing.T) {
	for off, want := range map[bool]bool{false: true, true: false} {
		h := testServer(t, &serveOptions{telemetryPath: "/metrics", noOwnMetrics: off}).handler()
		_, _ = get(t, h, "/metrics")
		_, body := get(t, h, "/metrics")
		for _, name := range []string{"go_goroutines", "process_cpu_seconds_total", "promhttp_metric_handler_requests_total"} {
			if got := strings.Contains(body, "\n"+name); got != want {
				t.Errorf("disabled %v: %s: %v", off, name, got)
			}
		}
	}
}

// TestStartReachesEveryone checks that what the assembler reports is in the metrics
// and on the page.
func TestStartReachesEveryone(t *testing.T) {
	s := testServer(t, &serveOptions{telemetryPath: "/metrics"})
	h := s.handler()
	everyone := fanOut{s.metrics, s.traces, s.page}
	everyone.Start(&collector.Start{
		ContainerID: "web-1", Engine: "none", Runtime: "crun", Kind: collector.KindOfContainer,
		Outcome: collector.Started, Begin: time.Now(), Duration: time.Millisecond,
	})
	everyone.Command(collector.Command{Runtime: "crun", Name: "exec"})
	everyone.Namespace(collector.NamespaceCreated{Type: "net", Origin: collector.OriginOther})
	everyone.Veth(collector.VethChanged{Origin: collector.OriginOther})
	if _, body := get(t, h, "/"); !strings.Contains(body, "web-1") {
		t.Error("not on the page")
	}
	_, body := get(t, h, "/metrics")
	for _, series := range []string{
		`container_starts_total{engine="none",kind="container",runtime="crun"} 1`,
		`container_start_runtime_command_duration_seconds_count{command="exec",runtime="crun"} 1`,
		`container_start_veths_created_total{origin="other"} 1`,
	} {
		if !strings.Contains(body, series) {
			t.Errorf("no %s", series)
		}
	}
}
