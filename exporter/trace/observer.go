package trace

import "container_start_exporter/collector"

var _ collector.Observer = (*Traces)(nil)

// Command does nothing: a runtime's command is not a trace.
func (t *Traces) Command(collector.Command) {}

// Namespace does nothing.
func (t *Traces) Namespace(collector.NamespaceCreated) {}

// Veth does nothing.
func (t *Traces) Veth(collector.VethChanged) {}

// VethTime does nothing: the veths of a start are in its trace.
func (t *Traces) VethTime(collector.VethTime) {}
