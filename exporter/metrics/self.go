package metrics

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors/version"

	"container_start_exporter/collector"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/safe"
)

// ProbeStats are the counters of the kernel probes at the time of a scrape.
type ProbeStats struct {
	Probes []Probe
	// Received and Lost count events since the probes were attached: those that were
	// read by kind, those that were lost by kind and cause.
	Received map[string]uint64
	Lost     map[Loss]uint64
	// Outside counts, by kind, events of processes outside of the exporter's pid
	// namespace, which are left out.
	Outside map[string]uint64
	// Truncated are those of the received events, by kind, that are cut.
	Truncated map[string]uint64
	// BufferUsed and BufferSize are bytes of the ring buffer; a size of 0 is
	// unknown.
	BufferUsed int
	BufferSize int
	// RunTime is the CPU time of RunCount runs of the probes, on all CPUs; both
	// are 0, for unknown, unless kernel.bpf_stats_enabled is set.
	RunTime  time.Duration
	RunCount uint64
	// BundlesUnread counts the OCI bundles that could not be read.
	BundlesUnread uint64
}

// Loss is the kind of a lost event, empty if it is not known, and why it was lost.
type Loss struct{ Event, Cause string }

// Probe is a kernel probe that is, or should be, attached.
type Probe struct {
	Name      string // sched_process_exec, mount, ...
	Mechanism string // fentry, kprobe, tracepoint, ...
	Attached  bool
	Waiting   bool // until a kernel module is loaded
	Absent    bool // not in this kernel
}

// self is the exporter's own state, read at each scrape.
type self struct {
	build     prometheus.Collector
	assembler func() collector.Stats
	probes    func() ProbeStats
	spans     func() (exported, dropped uint64)
}

// NewSelf returns the metrics of the exporter itself. Each function is called
// once per scrape, from any goroutine. It may be nil if there is no such part;
// its metrics are then absent. spans returns how many spans were exported and
// how many were dropped.
func NewSelf(assembler func() collector.Stats, probes func() ProbeStats, spans func() (exported, dropped uint64)) prometheus.Collector {
	return &self{
		build:     version.NewCollector("container_start_exporter"),
		assembler: assembler,
		probes:    probes,
		spans:     spans,
	}
}

func selfDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	inProgressDesc = selfDesc("container_starts_in_progress",
		"Container starts on the host that have begun but not ended.")
	nestedInProgressDesc = selfDesc("container_start_exporter_nested_starts_in_progress",
		"Nested container starts, whose runtime runs in a container, that have begun but not ended.")
	attemptedDesc = selfDesc("container_start_exporter_starts_attempted_total",
		"Container starts that something was done for: the sum of those that ended, were discarded or evicted (evictions_total{table=~\".*starts\"}), and are in progress, nested ones included.")
	endedDesc = selfDesc("container_start_exporter_starts_ended_total",
		"Container starts reported, by outcome: started, failed, incomplete.", "outcome")
	discardedDesc = selfDesc("container_start_exporter_starts_discarded_total",
		"Attempts that were not container starts on this host: no runtime was executed, or it made no init.")
	handledDesc = selfDesc("container_start_exporter_events_handled_total",
		"Events handled: the sum of those that were joined, of the node, unjoined, and waiting.")
	joinedDesc = selfDesc("container_start_exporter_events_joined_total",
		"Events joined to a container start.")
	nodeDesc = selfDesc("container_start_exporter_events_node_total",
		"Events that belong to the node, not to any container start.")
	unjoinedDesc = selfDesc("container_start_exporter_events_unjoined_total",
		"Events with a key that no start claimed in time.")
	waitingDesc = selfDesc("container_start_exporter_events_waiting",
		"Events with a key that no start has claimed yet.")
	processesDesc = selfDesc("container_start_exporter_processes_known",
		"Processes that the exporter tracks.")
	unseenDesc = selfDesc("container_start_exporter_starts_unseen",
		"1 for each part that starts lack, or have only in part, because a kernel probe is not attached, as their degraded says; absent if there is none.", "part")
	evictionsDesc = selfDesc("container_start_exporter_evictions_total",
		"Entries evicted from a full table before they expired, by table: processes, starts, waiting, and nested_... for those of containers.", "table")

	attachedDesc = selfDesc("container_start_exporter_probe_attached",
		"1 if the kernel probe is attached by this mechanism; 0 with mechanism=absent (not in this kernel), waiting (module not loaded) or none (refused).",
		"probe", "mechanism")
	receivedDesc = selfDesc("container_start_exporter_events_received_total",
		"Events received from the kernel, by kind.", "event")
	unreadDesc = selfDesc("container_start_exporter_bundles_unread_total",
		"OCI bundles that could not be read; their starts lack name, image and hook kinds.")
	lostDesc = selfDesc("container_start_exporter_events_lost_total",
		"Events lost, by kind (unknown if it could not be decoded) and cause: buffer_full, no_scratch, calls_full, watched_full, return_missed, preempted, unreadable, over_quota (a container's own), socket_full, backlog_full, undecodable.", "event", "cause")
	outsideDesc = selfDesc("container_start_exporter_events_outside_total",
		"Events left out, by kind, because their process is outside of the exporter's PID namespace: on the host or in another node; only if the exporter runs in a node that is a container.", "event")
	truncatedDesc = selfDesc("container_start_exporter_events_truncated_total",
		"Events received of which a part did not fit, by kind: of an exec, arguments or environment.", "event")
	usedDesc = selfDesc("container_start_exporter_buffer_used_bytes",
		"Unread bytes in the ring buffer.")
	sizeDesc = selfDesc("container_start_exporter_buffer_size_bytes",
		"Size of the ring buffer in bytes.")
	runTimeDesc = selfDesc("container_start_exporter_bpf_run_seconds_total",
		"CPU time used by the kernel probes, in seconds; absent unless kernel.bpf_stats_enabled is set and, before Linux 5.19, --privileges.keep.")
	runCountDesc = selfDesc("container_start_exporter_bpf_runs_total",
		"Runs of the kernel probes; absent unless kernel.bpf_stats_enabled is set and, before Linux 5.19, --privileges.keep.")

	spansExportedDesc = selfDesc("container_start_exporter_spans_exported_total",
		"Spans accepted by the OTLP endpoint.")
	spansDroppedDesc = selfDesc("container_start_exporter_spans_dropped_total",
		"Spans dropped because the queue was full or the OTLP endpoint did not accept them.")
)

// Describe sends the descriptions of all metrics that Collect may send.
func (s *self) Describe(descs chan<- *prometheus.Desc) {
	s.build.Describe(descs)
	for _, d := range []*prometheus.Desc{
		inProgressDesc, nestedInProgressDesc, attemptedDesc, endedDesc, discardedDesc, handledDesc,
		joinedDesc, nodeDesc, unjoinedDesc, waitingDesc, processesDesc, unseenDesc, evictionsDesc,
		attachedDesc, receivedDesc, lostDesc, outsideDesc, truncatedDesc, unreadDesc, usedDesc, sizeDesc, runTimeDesc, runCountDesc,
		spansExportedDesc, spansDroppedDesc,
	} {
		descs <- d
	}
}

// Collect reads the state and sends it.
func (s *self) Collect(metrics chan<- prometheus.Metric) {
	s.build.Collect(metrics)
	if s.assembler != nil {
		collectAssembler(sink(metrics), s.assembler())
	}
	if s.probes != nil {
		collectProbes(sink(metrics), s.probes())
	}
	if s.spans != nil {
		exported, dropped := s.spans()
		sink(metrics).counter(spansExportedDesc, float64(exported))
		sink(metrics).counter(spansDroppedDesc, float64(dropped))
	}
}

// collectAssembler sends the counters of one snapshot, so that their sums are exact.
func collectAssembler(to sink, a collector.Stats) {
	to.gauge(inProgressDesc, float64(a.InProgress))
	to.gauge(nestedInProgressDesc, float64(a.NestedInProgress))
	to.counter(attemptedDesc, float64(a.Attempted))
	for _, outcome := range []start.Outcome{start.Started, start.Failed, start.Incomplete} {
		to.counter(endedDesc, float64(a.Ended[outcome]), string(outcome))
	}
	to.counter(discardedDesc, float64(a.Discarded))
	to.counter(handledDesc, float64(a.Received))
	to.counter(joinedDesc, float64(a.Joined))
	to.counter(nodeDesc, float64(a.Node))
	to.counter(unjoinedDesc, float64(a.Unjoined))
	to.gauge(waitingDesc, float64(a.Waiting))
	to.gauge(processesDesc, float64(a.Processes))
	for _, part := range a.Unseen {
		to.gauge(unseenDesc, 1, safe.Label(part))
	}
	to.counters(evictionsDesc, a.Dropped)
}

func collectProbes(to sink, p ProbeStats) {
	for _, one := range p.Probes {
		attached, mechanism := 0., "none"
		switch {
		case one.Attached:
			attached, mechanism = 1, safe.Text(one.Mechanism, safe.MaxLabel)
		case one.Waiting:
			mechanism = "waiting"
		case one.Absent:
			mechanism = "absent"
		}
		to.gauge(attachedDesc, attached, safe.Text(one.Name, 2*safe.MaxLabel), mechanism)
	}
	to.counters(receivedDesc, p.Received)
	to.losses(lostDesc, p.Lost)
	to.counters(outsideDesc, p.Outside)
	to.counters(truncatedDesc, p.Truncated)
	if len(p.Probes) > 0 {
		to.counter(unreadDesc, float64(p.BundlesUnread))
	}
	if p.BufferSize > 0 {
		to.gauge(usedDesc, float64(p.BufferUsed))
		to.gauge(sizeDesc, float64(p.BufferSize))
	}
	if p.RunCount > 0 {
		to.counter(runTimeDesc, p.RunTime.Seconds())
		to.counter(runCountDesc, float64(p.RunCount))
	}
}

// sink receives metrics.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s sink) counter(d *prometheus.Desc, value float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// counters sends one counter for each entry. Entries whose key is not a valid
// label are summed as "other": sent separately, they would be the same series
// twice, and the whole scrape would fail.
func (s sink) counters(d *prometheus.Desc, by map[string]uint64) {
	sums := make(map[string]uint64, len(by))
	for key, n := range by {
		sums[safe.Label(key)] += n
	}
	for value, n := range sums {
		s.counter(d, float64(n), value)
	}
}

// losses sends one counter for each kind and cause, as counters does.
func (s sink) losses(d *prometheus.Desc, by map[Loss]uint64) {
	sums := make(map[Loss]uint64, len(by))
	for loss, n := range by {
		sums[Loss{safe.Label(cmp.Or(loss.Event, "unknown")), safe.Label(loss.Cause)}] += n
	}
	for loss, n := range sums {
		s.counter(d, float64(n), loss.Event, loss.Cause)
	}
}
