package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
	"container_start_exporter/collector/event"
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

// TestStartReachesEveryone sends the events of a start, and of what happens beside it,
// through the server's pipeline: all of it is in the metrics, and the start on the
// page.
func TestStartReachesEveryone(t *testing.T) {
	s := testServer(t, &serveOptions{telemetryPath: "/metrics"})
	h := s.handler()
	for _, e := range []*event.Event{
		{Time: 10, Kind: event.KindExec, PID: 1, Args: []string{"crun", "run", "web-1"}},
		{Time: 20, Kind: event.KindFork, PID: 1, Child: 2, Flags: unix.CLONE_NEWNS},
		{Time: 30, Kind: event.KindExec, PID: 2, Args: []string{"/bin/true"}, Last: true},
		{Time: 40, Kind: event.KindExec, PID: 3, Args: []string{"crun", "state", "web-1"}},
		{Time: 50, Kind: event.KindExit, PID: 3},
		{Time: 60, Kind: event.KindVethNewlink, PID: 4, LinkNS: 1, Index: 7, Name: "a", TargetNS: 1, PeerIndex: 8, PeerName: "b"},
		{Time: int64(time.Hour), Kind: event.KindClock, Wall: int64(time.Hour)},
	} {
		s.pipeline.handle(e)
	}
	if _, body := get(t, h, "/"); !strings.Contains(body, "web-1") {
		t.Error("not on the page")
	}
	_, body := get(t, h, "/metrics")
	for _, series := range []string{
		`container_starts_total{engine="none",kind="container",runtime="crun"} 1`,
		`container_start_runtime_command_duration_seconds_count{command="state",runtime="crun"} 1`,
		`container_start_veths_created_total{origin="other"} 1`,
	} {
		if !strings.Contains(body, series) {
			t.Errorf("no %s", series)
		}
	}
}

// TestLogProbes checks what serve logs about kernel probes: that this kernel lacks
// one is information, that one could not be attached is a warning.
func TestLogProbes(t *testing.T) {
	var b strings.Builder
	s := testServer(t, &serveOptions{telemetryPath: "/metrics"})
	s.log = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	s.logProbes([]bpf.ProbeStatus{
		{Name: "mount", Mechanism: "fentry", State: bpf.Attached, Impact: "mounts"},
		{Name: "veth_newlink", Mechanism: "kprobe", State: bpf.Waiting, Impact: "veths"},
		{Name: "open_tree_attr", State: bpf.Absent, Impact: "the new mount API",
			Reasons: []bpf.Reason{{Mechanism: "kprobe", Obstacle: bpf.NotInKernel, Err: unix.EINVAL}}},
		{Name: "listen", State: bpf.Failed, Impact: "ready",
			Reasons: []bpf.Reason{{Mechanism: "fentry", Err: unix.EINVAL}, {Mechanism: "tracepoint", Err: unix.ENOENT}}},
	})
	const want = `level=INFO msg="Probe not available" probe=veth_newlink impact=veths reason="its module is not loaded"
level=INFO msg="Probe not available" probe=open_tree_attr impact="the new mount API" reason="not in this kernel"
level=WARN msg="Probe not attached" probe=listen impact=ready reason="fentry: invalid argument; tracepoint: no such file or directory"
`
	got, rest := b.String(), ""
	if i := strings.Index(got, `level=WARN msg="Missing capability"`); i >= 0 { // depends on this process's capabilities
		got, rest = got[:i], got[i:]
	} else if i := strings.Index(got, `level=INFO msg="Probes attached"`); i >= 0 {
		got, rest = got[:i], got[i:]
	}
	if got != want || !strings.HasSuffix(rest, "level=INFO msg=\"Probes attached\" probes=1 traces=false\n") {
		t.Errorf("got\n%s%s\nwant\n%s", got, rest, want)
	}
}
