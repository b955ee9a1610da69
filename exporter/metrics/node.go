package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"container_start_exporter/collector"
	"container_start_exporter/exporter/safe"
)

// nodeMetrics are of what happens on the node besides starts.
type nodeMetrics struct {
	commands     *prometheus.HistogramVec
	programs     *prometheus.HistogramVec
	failures     *prometheus.CounterVec
	namespaces   *prometheus.CounterVec
	netns        prometheus.Histogram
	veths        *prometheus.CounterVec
	vethsDeleted prometheus.Counter
	vethTime     prometheus.Histogram
	rtnlWait     prometheus.Histogram
}

func (m *Metrics) makeNodeMetrics(o Options) {
	n := &m.node
	n.commands = m.histograms(o, partBuckets, "container_start_runtime_command_duration_seconds",
		"Time from exec to exit of each command of a container runtime on the host, in seconds, whether or not it belongs to a start.", "runtime", "command")
	n.programs = m.histograms(o, partBuckets, "container_start_network_program_duration_seconds",
		"Time from exec to exit of each CNI plugin and other program that sets up a container's network or takes it down, in seconds, whether or not it belongs to a start.", "program", "command")
	n.failures = m.counters("container_start_network_program_failures_total",
		"CNI plugins and other network programs that exited with another code than 0; that a rule is missing, which iptables was to check, is one.", "program", "command")
	n.namespaces = m.counters("container_start_namespaces_created_total",
		"Namespaces created on the node, by container starts (origin=start) and others.", "namespace_type", "origin")
	n.netns = m.histogram(o, partBuckets, "container_start_network_namespace_duration_seconds",
		"Time to create a network namespace, in seconds; without fentry or kprobe, the time of the whole call, which may have created other namespaces too.")
	n.veths = m.counters("container_start_veths_created_total",
		"Veth pairs created on the node, by container starts (origin=start) and others.", "origin")
	n.vethTime = m.histogram(o, partBuckets, "container_start_veth_duration_seconds",
		"Time that the veth driver took to create a veth pair, in seconds; empty without fentry or kprobe.")
	n.rtnlWait = m.histogram(o, partBuckets, "container_start_rtnl_wait_seconds",
		"Time that an engine's or a plugin's request for a veth pair waited for the RTNL lock, in seconds; empty without fentry or kprobe.")
	n.vethsDeleted = m.counter("container_start_veths_deleted_total",
		"Veth pairs deleted on the node.")
	// Created minus deleted has a value only if both series exist from the beginning.
	n.veths.WithLabelValues(string(collector.OriginStart))
	n.veths.WithLabelValues(string(collector.OriginOther))
}

// NodeFact records a fact about the node.
func (m *Metrics) NodeFact(f collector.Fact) {
	n := &m.node
	switch f := f.(type) {
	case collector.Command:
		n.command(f)
	case collector.NamespaceCreated:
		n.namespace(f)
	case collector.NetworkProgram:
		n.program(f)
	case collector.VethChanged:
		n.veth(f)
	case collector.VethTime:
		n.vethTimed(f)
	}
}

// command records the time of a runtime's command.
func (n *nodeMetrics) command(c collector.Command) {
	n.commands.WithLabelValues(safe.Label(c.Runtime), safe.Label(c.Name)).Observe(seconds(c.Duration))
}

// program records the time of a network program. Its failures begin with 0, so that the
// first one is an increase.
func (n *nodeMetrics) program(p collector.NetworkProgram) {
	program, command := safe.Label(p.Program), safe.Label(p.Command)
	n.programs.WithLabelValues(program, command).Observe(seconds(p.Duration))
	failures := n.failures.WithLabelValues(program, command)
	if p.Failed {
		failures.Inc()
	}
}

// namespace counts a namespace, and records the time to create a network
// namespace. runc creates all of a container's namespaces in one call, and most
// of its time is the network namespace's. If only the call's time is known, it
// is recorded as an upper bound, as the help text says: without such calls, most
// nodes would have no observations.
func (n *nodeMetrics) namespace(c collector.NamespaceCreated) {
	n.namespaces.WithLabelValues(safe.Label(c.Type), safe.Label(string(c.Origin))).Inc()
	if c.Type == "net" {
		n.netns.Observe(seconds(c.Duration))
	}
}

// veth counts a veth pair that was created or deleted.
func (n *nodeMetrics) veth(v collector.VethChanged) {
	if v.Deleted {
		n.vethsDeleted.Inc()
		return
	}
	n.veths.WithLabelValues(safe.Label(string(v.Origin))).Inc()
}

// vethTimed records the time to create a veth pair, and the wait for the RTNL
// lock before it, if there was one.
func (n *nodeMetrics) vethTimed(v collector.VethTime) {
	n.vethTime.Observe(seconds(v.Duration))
	if v.Waited > 0 {
		n.rtnlWait.Observe(seconds(v.Waited))
	}
}
