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

// validate keeps the path of the metrics apart from the others.
func (o *serveOptions) validate() error {
	switch p := o.telemetryPath; {
	case !strings.HasPrefix(p, "/"), strings.ContainsAny(p, "{} "):
		return fmt.Errorf("--web.telemetry-path=%s: must be a path that begins with /", p)
	case p == "/" || p == healthyPath || p == readyPath:
		return fmt.Errorf("--web.telemetry-path=%s: is taken by the exporter itself", p)
	}
	return nil
}

// handler answers all requests.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.page)
	mux.Handle(s.options.telemetryPath, s.metricsHandler())
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

// scrapeLog logs what goes wrong in a scrape, once a second: a client that has
// gone away is an error for each metric that was left.
type scrapeLog struct {
	log  *slog.Logger
	last atomic.Int64 // Unix seconds
}

// Println is called by promhttp.
func (l *scrapeLog) Println(v ...any) {
	if now := time.Now().Unix(); l.last.Swap(now) != now {
		l.log.Error("A scrape failed", "err", strings.TrimSpace(fmt.Sprintln(v...)))
	}
}

// probeStats are the counters of the probes; before they are attached, none.
func (s *server) probeStats() metrics.ProbeStats {
	probes := s.probes.Load()
	if probes == nil {
		return metrics.ProbeStats{}
	}
	stats := probes.Stats()
	out := metrics.ProbeStats{
		Received: make(map[string]uint64), Lost: make(map[metrics.Loss]uint64),
		BufferUsed: stats.BufferUsed, BufferSize: stats.BufferSize,
		BundlesUnread: s.pipeline.annotator.Unread(),
	}
	for kind, n := range stats.Received {
		out.Received[string(kind)] = n
	}
	for loss, n := range stats.Lost {
		out.Lost[metrics.Loss{Event: string(loss.Kind), Cause: string(loss.Cause)}] = n
	}
	for _, program := range stats.Programs {
		out.RunTime += program.RunTime
		out.RunCount += program.Runs
	}
	for _, h := range probes.Hooks() {
		out.Hooks = append(out.Hooks, metrics.ProbeHook{Name: h.Name, Mechanism: h.Mechanism,
			Attached: h.Attached, Waiting: h.Waiting, Absent: errors.Is(h.Err, bpf.ErrAbsent)})
	}
	return out
}

var errNotReady = errors.New("not ready: the probes are not attached yet")

// ready tells whether the probes are attached, hook by hook. It is ready as
// soon as starts are timed: a hook that is missing is no reason to take the
// exporter out of service, and none that goes away by waiting.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	probes := s.probes.Load()
	if probes == nil {
		http.Error(w, errNotReady.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "ready\n\n")
	_ = writeHooks(w, probes.Hooks()) // the client may have gone away
}
