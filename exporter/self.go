package exporter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors/version"

	"container_start_exporter/collector"
)

// ProbeStats are the counters of the probes, as they stand at a scrape.
type ProbeStats struct {
	Hooks []ProbeHook
	// Received and Lost count events since the probes were attached, by kind:
	// those that were read, and those that the kernel side had to drop.
	Received map[string]uint64
	Lost     map[string]uint64
	// BufferUsed and BufferSize are bytes of the ring buffer; a size of 0 is
	// unknown.
	BufferUsed int
	BufferSize int
	// RunTime is what the probes have taken of all CPUs in RunCount runs; 0
	// is unknown, unless kernel.bpf_stats_enabled is set.
	RunTime  time.Duration
	RunCount uint64
	// BundlesUnread is how many bundles could not be read.
	BundlesUnread uint64
}

// ProbeHook is one place in the kernel that is, or should be, probed.
type ProbeHook struct {
	Name      string // sched_process_exec, mount, ...
	Mechanism string // fentry, kprobe, tracepoint, ...
	Attached  bool
	Waiting   bool // for a module of the kernel to be loaded
	Absent    bool // from this kernel
}

// self is the exporter's own state, read at each scrape.
type self struct {
	build     prometheus.Collector
	assembler func() collector.Stats
	probes    func() ProbeStats
	spans     func() (exported, dropped uint64)
}

// NewSelf returns the metrics of the exporter itself. Each function is called
// once a scrape, from any goroutine, and may be nil where there is no such
// part: its metrics are then absent. spans is Traces.Stats.
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
		"Container starts that have begun and have not ended.")
	joinedDesc = selfDesc("container_start_exporter_events_joined_total",
		"Events that were joined to a container start.")
	nodeDesc = selfDesc("container_start_exporter_events_node_total",
		"Events that are the node's own: there is nothing to join them by.")
	unjoinedDesc = selfDesc("container_start_exporter_events_unjoined_total",
		"Events that could have been joined and were not: their key became no start's in time.")
	waitingDesc = selfDesc("container_start_exporter_events_waiting",
		"Events that still wait for their key to become a start's.")
	processesDesc = selfDesc("container_start_exporter_processes_known",
		"Processes that the exporter keeps track of.")
	evictionsDesc = selfDesc("container_start_exporter_evictions_total",
		"Entries evicted from a full table before their time, by table.", "table")

	attachedDesc = selfDesc("container_start_exporter_probe_attached",
		"Whether a hook in the kernel is probed (1) or not (0), and by which mechanism; where it is not: absent from this kernel, waiting for its module, or none.",
		"hook", "mechanism")
	receivedDesc = selfDesc("container_start_exporter_events_received_total",
		"Events received from the kernel, by kind.", "event")
	unreadDesc = selfDesc("container_start_exporter_bundles_unread_total",
		"Bundles that could not be read: of these starts neither name and image nor the kinds of hooks are known.")
	lostDesc = selfDesc("container_start_exporter_events_lost_total",
		"Events lost because the ring buffer was full, by kind.", "event")
	usedDesc = selfDesc("container_start_exporter_buffer_used_bytes",
		"Bytes of the ring buffer that wait to be read.")
	sizeDesc = selfDesc("container_start_exporter_buffer_size_bytes",
		"Size of the ring buffer in bytes.")
	runTimeDesc = selfDesc("container_start_exporter_bpf_run_seconds_total",
		"CPU time that the probes have taken, in seconds; absent unless kernel.bpf_stats_enabled is set and, before Linux 5.19, --privileges.keep.")
	runCountDesc = selfDesc("container_start_exporter_bpf_runs_total",
		"Times that a probe has run; absent unless kernel.bpf_stats_enabled is set and, before Linux 5.19, --privileges.keep.")

	spansExportedDesc = selfDesc("container_start_exporter_spans_exported_total",
		"Spans that the OTLP endpoint has accepted.")
	spansDroppedDesc = selfDesc("container_start_exporter_spans_dropped_total",
		"Spans dropped because the queue was full or the OTLP endpoint did not accept them.")
)

// Describe sends the descriptions of what Collect may send.
func (s *self) Describe(descs chan<- *prometheus.Desc) {
	s.build.Describe(descs)
	for _, d := range []*prometheus.Desc{
		inProgressDesc, joinedDesc, nodeDesc, unjoinedDesc, waitingDesc, processesDesc, evictionsDesc,
		attachedDesc, receivedDesc, lostDesc, unreadDesc, usedDesc, sizeDesc, runTimeDesc, runCountDesc,
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

func collectAssembler(to sink, a collector.Stats) {
	to.gauge(inProgressDesc, float64(a.InProgress))
	to.counter(joinedDesc, float64(a.Joined))
	to.counter(nodeDesc, float64(a.Node))
	to.counter(unjoinedDesc, float64(a.Unjoined))
	to.gauge(waitingDesc, float64(a.Waiting))
	to.gauge(processesDesc, float64(a.Processes))
	to.counters(evictionsDesc, a.Dropped)
}

func collectProbes(to sink, p ProbeStats) {
	for _, h := range p.Hooks {
		attached, mechanism := 0., "none"
		switch {
		case h.Attached:
			attached, mechanism = 1, text(h.Mechanism, labelMax)
		case h.Waiting:
			mechanism = "waiting"
		case h.Absent:
			mechanism = "absent"
		}
		to.gauge(attachedDesc, attached, text(h.Name, 2*labelMax), mechanism)
	}
	to.counters(receivedDesc, p.Received)
	to.counters(lostDesc, p.Lost)
	if len(p.Hooks) > 0 {
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

// sink is where metrics are sent to.
type sink chan<- prometheus.Metric

func (to sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (to sink) counter(d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// counters sends one counter for each entry, those whose key is no label
// together as "other": sent apart, they would be the same series twice, and
// the whole scrape would fail.
func (to sink) counters(d *prometheus.Desc, by map[string]uint64) {
	sums := make(map[string]uint64, len(by))
	for key, n := range by {
		sums[label(key)] += n
	}
	for value, n := range sums {
		to.counter(d, float64(n), value)
	}
}
