package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"container_start_exporter/collector"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/safe"
)

// Options are the user's choices.
type Options struct {
	// NativeHistograms adds native buckets to every histogram. The classic
	// buckets stay, but Prometheus 2.x ignores them if a metric has both.
	NativeHistograms bool
}

// Metrics turns what the assembler reports into Prometheus metrics. It is a
// collector.StartObserver, a collector.NodeObserver and a prometheus.Collector,
// safe for concurrent use.
type Metrics struct {
	duration   *prometheus.HistogramVec
	phases     *prometheus.HistogramVec
	operations *prometheus.HistogramVec
	ready      *prometheus.HistogramVec
	mounts     *prometheus.HistogramVec
	execs      *prometheus.HistogramVec
	starts     *prometheus.CounterVec
	failures   *prometheus.CounterVec
	incomplete prometheus.Counter
	// nestedIncomplete are those in containers, which must not spoil the host's numbers
	nestedIncomplete prometheus.Counter

	node nodeMetrics

	all []prometheus.Collector
}

var (
	_ collector.StartObserver = (*Metrics)(nil)
	_ collector.NodeObserver  = (*Metrics)(nil)
	_ prometheus.Collector    = (*Metrics)(nil)
)

// New returns metrics without observations. The caller has to register them.
func New(o Options) *Metrics {
	m := &Metrics{}
	m.makeStartMetrics(o)
	m.makeNodeMetrics(o)
	return m
}

func (m *Metrics) makeStartMetrics(o Options) {
	m.duration = m.histograms(o, startBuckets, "container_start_duration_seconds",
		"Time from the beginning of a successful container start to the exec of its entrypoint, in seconds.", startLabels()...)
	m.phases = m.histograms(o, partBuckets, "container_start_phase_duration_seconds",
		"Time that a successful start spent in each phase, in seconds; the phases of a start add up to its duration.", startLabels("phase")...)
	m.operations = m.histograms(o, partBuckets, "container_start_operation_duration_seconds",
		"Time of each operation of a successful or failed start, in seconds; operations may overlap. A runtime's run command is excluded, as it may last as long as its container.", startLabels("operation")...)
	m.ready = m.histograms(o, startBuckets, "container_start_ready_seconds",
		"Time from the exec of the entrypoint to the container's first listen(2), in seconds; containers that never listen are not counted.", startLabels()...)
	m.mounts = m.histograms(o, mountBuckets, "container_start_mounts",
		"Calls that attach a mount, failed ones included, per successful start: by the container's init (actor=init), or by the engine and its shim (actor=engine).", startLabels("actor")...)
	m.execs = m.histograms(o, execBuckets, "container_start_execs",
		"Programs executed per successful start, the entrypoint included.", startLabels()...)
	m.starts = m.counters("container_starts_total",
		"Container starts that ended, successful or failed.", startLabels()...)
	m.failures = m.counters("container_start_failures_total",
		"Container starts that failed, by the phase in which they failed.", startLabels("phase")...)
	m.incomplete = m.counter("container_starts_incomplete_total",
		"Container starts on the host that were seen only in part, lost events, or timed out; no other metric of starts counts them.")
	m.nestedIncomplete = m.counter("container_start_exporter_nested_starts_incomplete_total",
		"Nested container starts, whose runtime ran in a container, that were seen only in part, lost events, or timed out.")
}

// startLabels returns the labels of every metric of starts, and more.
func startLabels(more ...string) []string {
	return append([]string{"engine", "runtime", "kind"}, more...)
}

// Start counts a start. An incomplete one is in no histogram: its durations and
// counts are not known.
func (m *Metrics) Start(s *start.Start) {
	if s.Outcome != start.Started && s.Outcome != start.Failed {
		m.countIncomplete(s)
		return
	}
	engine, runtime, kind := labels(s)
	m.starts.WithLabelValues(engine, runtime, kind).Inc()
	for _, o := range s.Operations {
		if outlives(o) {
			continue
		}
		m.operations.WithLabelValues(engine, runtime, kind, safe.Label(string(o.Name))).Observe(seconds(o.Duration))
	}
	if s.Outcome == start.Failed {
		m.failures.WithLabelValues(engine, runtime, kind, safe.Label(string(s.FailedPhase))).Inc()
		return
	}
	m.succeeded(s, engine, runtime, kind)
}

func (m *Metrics) countIncomplete(s *start.Start) {
	if s.Kind == start.Nested {
		m.nestedIncomplete.Inc()
		return
	}
	m.incomplete.Inc()
}

// labels returns the values of startLabels. The engine of a nested start is what any
// process of a container says that it is: it is never counted as an engine of the host.
func labels(s *start.Start) (engine, runtime, kind string) {
	engine, runtime, kind = safe.Label(s.Engine), safe.Label(s.Runtime), safe.Label(s.Kind)
	if s.Kind == start.Nested {
		engine = noEngine
	}
	return engine, runtime, kind
}

// noEngine is the label of starts without an engine on the host.
const noEngine = "none"

// outlives reports whether an operation may last as long as the container, and
// so says nothing about the start: a runtime's run in the foreground.
func outlives(o start.Operation) bool {
	return o.Name == start.OpRuntime && o.Attributes[start.AttrCommand] == "run"
}

func (m *Metrics) succeeded(s *start.Start, engine, runtime, kind string) {
	e := exemplar(s)
	observe(m.duration.WithLabelValues(engine, runtime, kind), s.Duration, e)
	for _, p := range s.Phases {
		observe(m.phases.WithLabelValues(engine, runtime, kind, safe.Label(string(p.Name))), p.Duration, e)
	}
	if n := s.Counts.Mounts; s.Counted(n, start.OpMount) {
		m.mounts.WithLabelValues(engine, runtime, kind, "init").Observe(float64(n))
	}
	if n := s.Counts.EngineMounts; s.Counted(n, start.OpRootfsMount) {
		m.mounts.WithLabelValues(engine, runtime, kind, "engine").Observe(float64(n))
	}
	m.execs.WithLabelValues(engine, runtime, kind).Observe(float64(s.Counts.Execs))
}

// Ready records the time from the exec of a container's entrypoint to its first
// listen.
func (m *Metrics) Ready(s *start.Start) {
	engine, runtime, kind := labels(s)
	m.ready.WithLabelValues(engine, runtime, kind).Observe(seconds(s.Ready))
}

func observe(h prometheus.Observer, d time.Duration, exemplar prometheus.Labels) {
	// A nil exemplar means none.
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(seconds(d), exemplar)
}

// seconds returns d as a metric's value. A clock that steps back must not lower
// a histogram's sum, which is a counter.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }

// Describe sends the description of every metric.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(descs)
	}
}

// Collect sends every metric that has a value.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(metrics)
	}
}
