package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	webflag "github.com/prometheus/exporter-toolkit/web/kingpinflag"
	"golang.org/x/sync/errgroup"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
	"container_start_exporter/exporter/metrics"
	"container_start_exporter/exporter/page"
	"container_start_exporter/exporter/trace"
	"container_start_exporter/internal/privilege"
)

// How long the shutdown of serve may take: in all less than the 5 seconds after which
// some kill what does not end. Traces that are not sent yet have what is left of it.
const (
	stopTimeout     = 4500 * time.Millisecond
	shutdownTimeout = time.Second // for requests in progress; then drainTimeout
)

// serveOptions are the flags of serve.
type serveOptions struct {
	web           *web.FlagConfig
	telemetryPath string
	noOwnMetrics  bool
	noPage        bool
	native        bool
}

func addServe(app *kingpin.Application, c *common) (*kingpin.CmdClause, func() error) {
	cmd := app.Command("serve", "Serve metrics and a page with the latest starts, and send traces. This is the default. "+
		"Metrics are at "+defaultTelemetryPath+", the page at /. Traces are sent if OTEL_* variables ask for them, "+
		"for example OTEL_EXPORTER_OTLP_ENDPOINT.").Default()
	cmd.HelpLong(examples(program+" serve --web.listen-address=127.0.0.1:9786",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 "+program))
	o := &serveOptions{web: webflag.AddFlags(cmd, ":9786")}
	cmd.Flag("web.telemetry-path", "Path of the metrics.").Default(defaultTelemetryPath).StringVar(&o.telemetryPath)
	cmd.Flag("web.disable-exporter-metrics", "Do not expose metrics about the exporter's own process (promhttp_*, process_*, go_*).").BoolVar(&o.noOwnMetrics)
	cmd.Flag("web.disable-page", "Serve only the metrics and the health of the exporter. The page shows names, images and paths of containers to whoever can reach the port.").BoolVar(&o.noPage)
	cmd.Flag("metrics.native-histograms", "Expose native histograms in addition to classic ones. Prometheus 2.x then drops the classic buckets.").BoolVar(&o.native)
	c.addNested(cmd, "Show on the page, and send as traces,")
	c.addStartTimeout(cmd)
	c.addReadyTimeout(cmd, "How long to wait after a start for the container's first listen(2); 0 means not at all.")
	c.addReadFlags(cmd)
	return cmd, func() error { return serve(c, o) }
}

// server is the state of serve.
type server struct {
	common   *common
	options  *serveOptions
	log      *slog.Logger
	metrics  *metrics.Metrics
	traces   *trace.Traces
	page     *page.Page
	pipeline *pipeline
	probes   atomic.Pointer[bpf.Probes] // nil until the probes are attached
	stopBy   atomic.Pointer[time.Time]  // nil until it is to stop
}

func serve(c *common, o *serveOptions) error {
	if err := privilege.Require(); err != nil {
		return err
	}
	s, err := newServer(c, o)
	if err != nil {
		return err
	}
	err = s.run()
	stopBy := time.Now().Add(stopTimeout)
	if early := s.stopBy.Load(); early != nil {
		stopBy = *early
	}
	ctx, cancel := context.WithDeadline(context.Background(), stopBy)
	defer cancel()
	if flush := s.traces.Shutdown(ctx); flush != nil {
		s.log.Warn("Cannot send the last traces", "err", flush)
	}
	return err
}

func newServer(c *common, o *serveOptions) (*server, error) {
	s := &server{common: c, options: o, log: promslog.New(&c.log)}
	if err := o.validate(); err != nil {
		return nil, err
	}
	var err error
	s.traces, err = trace.New(context.Background(), trace.Options{Logger: s.log, Version: version.Version})
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // the page can do without
	s.metrics = metrics.New(metrics.Options{NativeHistograms: o.native})
	s.page = page.New(page.Options{MetricsPath: o.telemetryPath, Version: version.Version, Host: host})
	var shown collector.StartObserver = fanOut{s.traces, s.page}
	if !c.nested {
		shown = hostOnly{shown}
	}
	s.pipeline = newPipeline(c.config(), fanOut{s.metrics, shown}, s.metrics)
	return s, nil
}

// run answers requests at once, and observes starts as soon as the probes are
// attached, until it is interrupted or either fails.
func (s *server) run() error {
	listeners, err := bind(s.options.web, s.log)
	if err != nil {
		return err
	}
	done := interrupted()
	group, ctx := errgroup.WithContext(context.Background())
	web := newWebServer(s.handler())
	group.Go(func() error { return s.answer(web, listeners) })
	group.Go(func() error { return s.observe(ctx) })
	group.Go(func() error {
		select {
		case <-done:
		case <-ctx.Done():
		}
		s.stop(web)
		return errStopped
	})
	if err := group.Wait(); !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

// errStopped ends the group on an interrupt.
var errStopped = errors.New("stopped")

func (s *server) stop(web *http.Server) {
	stopBy := time.Now().Add(stopTimeout)
	s.stopBy.Store(&stopBy)
	s.notify(daemon.SdNotifyStopping)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		_ = web.Close()
	}
	if probes := s.probes.Load(); probes != nil {
		_ = probes.Drain(drainTimeout) // export what has happened until now
		_ = probes.Close()
	}
}

// answer answers requests on the listeners, until the server is shut down.
func (s *server) answer(server *http.Server, listeners []net.Listener) (err error) {
	if listeners == nil {
		err = web.ListenAndServe(server, s.options.web, s.log)
	} else {
		err = web.ServeMultiple(listeners, server, s.options.web, s.log)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// observe attaches the probes and reads them until they are closed.
func (s *server) observe(ctx context.Context) error {
	probes, err := openProbes(s.common)
	if err != nil {
		return err
	}
	defer probes.Close()
	s.logProbes(probes.Status())
	if err := s.common.dropPrivileges(probes); err != nil {
		return err
	}
	s.probes.Store(probes)
	defer context.AfterFunc(ctx, func() { _ = probes.Close() })() // stop may have run already
	if ctx.Err() != nil {
		return nil
	}
	s.notify(daemon.SdNotifyReady + "\nSTATUS=" + summary(probes.Status()))
	return s.pipeline.read(probes)
}

// notify sends a state to systemd if that started the process with Type=notify.
func (s *server) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("Cannot notify systemd", "err", err)
	}
}

// logProbes logs which probes are not attached, and which capabilities are missing.
// A probe that this kernel does not have needs no attention.
func (s *server) logProbes(probes []bpf.ProbeStatus) {
	for _, p := range probes {
		switch p.State {
		case bpf.Absent, bpf.Waiting:
			s.log.Info("Probe not available", "probe", p.Name, "impact", p.Impact, "reason", p.Err())
		case bpf.Failed:
			s.log.Warn("Probe not attached", "probe", p.Name, "impact", p.Impact, "reason", p.Err())
		}
	}
	if note, mistaken := pidNamespace(); mistaken {
		s.log.Warn("PID namespace", "pids", note)
	} else if note != "" {
		s.log.Info("PID namespace", "pids", note)
	}
	missing, err := privilege.Missing(probes)
	if err != nil {
		s.log.Warn("Cannot read the capabilities", "err", err)
	}
	for _, m := range missing {
		s.log.Warn("Missing capability", "capability", m.Capability, "effect", m.Effect)
	}
	s.log.Info("Probes attached", "probes", countState(probes, bpf.Attached), "traces", s.traces.Enabled())
}
