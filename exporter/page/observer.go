package page

import "container_start_exporter/collector"

var _ collector.Observer = (*Page)(nil)

// Command does nothing: the page shows only starts.
func (p *Page) Command(collector.Command) {}

// Namespace does nothing.
func (p *Page) Namespace(collector.NamespaceCreated) {}

// Veth does nothing.
func (p *Page) Veth(collector.VethChanged) {}

// VethTime does nothing.
func (p *Page) VethTime(collector.VethTime) {}
