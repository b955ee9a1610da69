// Package metrics turns starts, and what else happens on the node, into
// Prometheus metrics. Reports of the assembler go in as a collector.StartObserver
// and a collector.NodeObserver, counters and histograms come out as a
// prometheus.Collector; so does the exporter's own state, from NewSelf, which is
// read at each scrape. No label gets
// a value from a process on the host unchecked, and nothing here registers itself
// or listens.
package metrics
