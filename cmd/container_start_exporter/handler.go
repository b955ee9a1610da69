package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"container_start_exporter/bpf"
	"container_start_exporter/exporter/metrics"
)

const (
	defaultTelemetryPath = "/metrics"
	healthyPath          = "/-/healthy"
	readyPath            = "/-/ready"
)

// validate returns an error unless the path of the metrics is a path of its own.
func (o *serveOptions) validate() error {
	switch p := o.telemetryPath; {
	case !strings.HasPrefix(p, "/"), strings.ContainsAny(p, "{} "):
		return fmt.Errorf("--web.telemetry-path=%s: must be a path that begins with /", p)
	case p == "/" || p == healthyPath || p == readyPath:
		return fmt.Errorf("--web.telemetry-path=%s: this path is reserved", p)
	}
	return nil
}

// handler returns the handler of all requests.
func (s *server) handler() http.Handler {
	mux, limit := http.NewServeMux(), limitAnswers()
	if !s.options.noPage {
		mux.Handle("/", limit(s.page))
	}
	mux.Handle(s.options.telemetryPath, limit(s.metricsHandler()))
	mux.HandleFunc(healthyPath, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc(readyPath, s.ready)
	return mux
}

func (s *server) metricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.metrics, metrics.NewSelf(s.pipeline.stats, s.probeStats, s.traces.Stats))
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.ContinueOnError,
		ErrorLog:          &scrapeLog{log: s.log},
	})
	if s.options.noOwnMetrics {
		return handler
	}
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.InstrumentMetricHandler(registry, handler)
}

// scrapeLog logs errors of scrapes, at most one a second: a client that has gone
// away is an error for each metric not yet written.
type scrapeLog struct {
	log  *slog.Logger
	last atomic.Int64 // when it last logged, in Unix seconds
}

// Println is called by promhttp.
func (l *scrapeLog) Println(v ...any) {
	if now := time.Now().Unix(); l.last.Swap(now) != now {
		l.log.Error("Scrape failed", "err", strings.TrimSpace(fmt.Sprintln(v...)))
	}
}

// probeStats returns the counters of the probes, which are zero until they are
// attached.
func (s *server) probeStats() metrics.ProbeStats {
	probes := s.probes.Load()
	if probes == nil {
		return metrics.ProbeStats{}
	}
	stats := probes.Stats()
	out := metrics.ProbeStats{
		Received: make(map[string]uint64), Lost: make(map[metrics.Loss]uint64), Truncated: make(map[string]uint64),
		Outside: make(map[string]uint64), BufferUsed: stats.BufferUsed, BufferSize: stats.BufferSize,
		BundlesUnread: s.pipeline.bundles.Unread(),
	}
	for kind, n := range stats.Received {
		out.Received[string(kind)] = n
	}
	for kind, n := range stats.Truncated {
		out.Truncated[string(kind)] = n
	}
	for kind, n := range stats.Outside {
		out.Outside[string(kind)] = n
	}
	for loss, n := range stats.Lost {
		out.Lost[metrics.Loss{Event: string(loss.Kind), Cause: string(loss.Cause)}] = n
	}
	for _, program := range stats.Programs {
		out.RunTime += program.RunTime
		out.RunCount += program.Runs
	}
	for _, p := range probes.Status() {
		out.Probes = append(out.Probes, metrics.Probe{Name: p.Name, Mechanism: p.Mechanism,
			Attached: p.State == bpf.Attached, Waiting: p.State == bpf.Waiting, Absent: p.State == bpf.Absent})
	}
	return out
}

var errNotReady = errors.New("not ready: the probes are not attached yet")

// ready reports whether the probes are attached, and lists them. The exporter is
// ready as soon as starts are timed: a missing probe is not a reason to take it
// out of service, and waiting would not attach it.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	probes := s.probes.Load()
	if probes == nil {
		http.Error(w, errNotReady.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "ready\n\n")
	_ = writeProbes(w, probes.Status()) // the client may have gone away
}
