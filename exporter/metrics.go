package exporter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"container_start_exporter/collector"
)

// MetricsOptions are the choices a user has.
type MetricsOptions struct {
	// NativeHistograms adds native buckets to every histogram. The classic
	// ones stay, but Prometheus 2.x ignores those of a metric that has both.
	NativeHistograms bool
}

// Metrics turns what the assembler finds into Prometheus metrics. It is a
// collector.Observer and a prometheus.Collector, safe for concurrent use.
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

	commands     *prometheus.HistogramVec
	namespaces   *prometheus.CounterVec
	netns        prometheus.Histogram
	veths        *prometheus.CounterVec
	vethsDeleted prometheus.Counter
	vethTime     prometheus.Histogram
	rtnlWait     prometheus.Histogram

	all []prometheus.Collector
}

var (
	_ collector.Observer   = (*Metrics)(nil)
	_ prometheus.Collector = (*Metrics)(nil)
)

// NewMetrics returns metrics that have not been told anything yet. They have
// to be registered by the caller.
func NewMetrics(o MetricsOptions) *Metrics {
	m := &Metrics{}
	m.makeStartMetrics(o)
	m.makeNodeMetrics(o)
	// A difference needs both of its sides from the beginning.
	m.veths.WithLabelValues(string(collector.OriginStart))
	m.veths.WithLabelValues(string(collector.OriginOther))
	return m
}

func (m *Metrics) makeStartMetrics(o MetricsOptions) {
	m.duration = m.histograms(o, startBuckets, "container_start_duration_seconds",
		"Time from the beginning of a successful container start to the exec of its entrypoint, in seconds.", ofStart()...)
	m.phases = m.histograms(o, partBuckets, "container_start_phase_duration_seconds",
		"Time that a successful start spent in each phase, in seconds; the phases of a start add up to its duration.", ofStart("phase")...)
	m.operations = m.histograms(o, partBuckets, "container_start_operation_duration_seconds",
		"Time of each operation of a start that succeeded or failed, in seconds; operations may overlap. A runtime's run, which may last as long as its container, is not among them.", ofStart("operation")...)
	m.ready = m.histograms(o, startBuckets, "container_start_ready_seconds",
		"Time from the exec of the entrypoint to the container's first listen(2), in seconds, where it listens.", ofStart()...)
	m.mounts = m.histograms(o, mountBuckets, "container_start_mounts",
		"Calls that attach a mount, failed ones included, per successful start: by the container's init, or by the engine and its shim.", ofStart("actor")...)
	m.execs = m.histograms(o, execBuckets, "container_start_execs",
		"Programs executed per successful start, the entrypoint included.", ofStart()...)
	m.starts = m.counters("container_starts_total",
		"Container starts that ended: that succeeded and that failed.", ofStart()...)
	m.failures = m.counters("container_start_failures_total",
		"Container starts that failed, by the phase that they died in.", ofStart("phase")...)
	m.incomplete = m.counter("container_starts_incomplete_total",
		"Container starts that were seen in part, spoiled by lost events, or timed out; they are in no other metric of starts.")
}

func (m *Metrics) makeNodeMetrics(o MetricsOptions) {
	m.commands = m.histograms(o, partBuckets, "container_start_runtime_command_duration_seconds",
		"Time from exec to exit of each command of a container runtime, in seconds, whether it belongs to a start or not.", "runtime", "command")
	m.namespaces = m.counters("container_start_namespaces_created_total",
		"Namespaces created on the node, for a container start or otherwise.", "namespace_type", "origin")
	m.netns = m.histogram(o, partBuckets, "container_start_network_namespace_duration_seconds",
		"Time to create a network namespace, in seconds; where only tracepoints can be had, of the call, which may have created other namespaces too.")
	m.veths = m.counters("container_start_veths_created_total",
		"Pairs of veth interfaces created on the node, for a container start or otherwise.", "origin")
	m.vethTime = m.histogram(o, partBuckets, "container_start_veth_duration_seconds",
		"Time that the driver took to create a pair of veth interfaces, in seconds; empty where only tracepoints can be had.")
	m.rtnlWait = m.histogram(o, partBuckets, "container_start_rtnl_wait_seconds",
		"Time that an engine's or a plugin's request for a pair of veth interfaces waited for the RTNL lock, in seconds; empty where only tracepoints can be had.")
	m.vethsDeleted = m.counter("container_start_veths_deleted_total",
		"Pairs of veth interfaces deleted on the node.")
}

// ofStart are the labels of a metric of starts, and what it has besides.
func ofStart(more ...string) []string {
	return append([]string{"engine", "runtime", "kind"}, more...)
}

// Start counts a start. What an incomplete one took or made is not known, so
// that it is in no histogram.
func (m *Metrics) Start(s *collector.Start) {
	if s.Outcome != collector.Started && s.Outcome != collector.Failed {
		m.incomplete.Inc()
		return
	}
	engine, runtime, kind := label(s.Engine), label(s.Runtime), label(s.Kind)
	m.starts.WithLabelValues(engine, runtime, kind).Inc()
	for _, o := range s.Operations {
		if outlives(o) {
			continue
		}
		m.operations.WithLabelValues(engine, runtime, kind, label(string(o.Name))).Observe(seconds(o.Duration))
	}
	if s.Outcome == collector.Failed {
		m.failures.WithLabelValues(engine, runtime, kind, label(string(s.FailedPhase))).Inc()
		return
	}
	m.succeeded(s, engine, runtime, kind)
}

// outlives tells whether an operation may last as long as the container, which
// says nothing about its start: a runtime's run in the foreground.
func outlives(o collector.Operation) bool {
	return o.Name == collector.OpRuntime && o.Attributes["command"] == "run"
}

func (m *Metrics) succeeded(s *collector.Start, engine, runtime, kind string) {
	of := exemplar(s)
	observe(m.duration.WithLabelValues(engine, runtime, kind), s.Duration, of)
	for _, p := range s.Phases {
		observe(m.phases.WithLabelValues(engine, runtime, kind, label(string(p.Name))), p.Duration, of)
	}
	m.mounts.WithLabelValues(engine, runtime, kind, "init").Observe(float64(s.Counts.Mounts))
	m.mounts.WithLabelValues(engine, runtime, kind, "engine").Observe(float64(s.Counts.EngineMounts))
	m.execs.WithLabelValues(engine, runtime, kind).Observe(float64(s.Counts.Execs))
}

// Ready times a container from its start to its first listen.
func (m *Metrics) Ready(s *collector.Start) {
	m.ready.WithLabelValues(label(s.Engine), label(s.Runtime), label(s.Kind)).Observe(seconds(s.Ready))
}

func observe(h prometheus.Observer, d time.Duration, exemplar prometheus.Labels) {
	// A nil exemplar is none.
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(seconds(d), exemplar)
}

// Command times a command of a runtime.
func (m *Metrics) Command(c collector.Command) {
	m.commands.WithLabelValues(label(c.Runtime), label(c.Name)).Observe(seconds(c.Duration))
}

// Namespace counts a namespace, and times the making of a network namespace.
// runc makes all of a container's namespaces in one call, of whose time the
// network namespace takes most: where the kernel does not tell that, and such
// calls were left out, there would be nothing to see on most nodes. So it is an
// upper bound there, as the help text says.
func (m *Metrics) Namespace(n collector.NamespaceCreated) {
	m.namespaces.WithLabelValues(label(n.Type), label(string(n.Origin))).Inc()
	if n.Type == "net" {
		m.netns.Observe(seconds(n.Duration))
	}
}

// Veth counts a veth pair that was created or deleted.
func (m *Metrics) Veth(v collector.VethChanged) {
	if v.Deleted {
		m.vethsDeleted.Inc()
		return
	}
	m.veths.WithLabelValues(label(string(v.Origin))).Inc()
}

// VethTime times the making of a veth pair.
func (m *Metrics) VethTime(v collector.VethTime) {
	m.vethTime.Observe(seconds(v.Duration))
	if v.Waited > 0 {
		m.rtnlWait.Observe(seconds(v.Waited))
	}
}

// Describe sends the description of every metric.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(descs)
	}
}

// Collect sends every metric that has been told something.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(metrics)
	}
}
