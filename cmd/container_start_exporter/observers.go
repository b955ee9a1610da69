package main

import "container_start_exporter/collector"

// fanOut passes everything it observes on to each of the observers, in this order.
type fanOut []collector.Observer

func (f fanOut) Start(s *collector.Start) {
	for _, one := range f {
		one.Start(s)
	}
}

func (f fanOut) Ready(s *collector.Start) {
	for _, one := range f {
		one.Ready(s)
	}
}

func (f fanOut) Command(c collector.Command) {
	for _, one := range f {
		one.Command(c)
	}
}

func (f fanOut) Namespace(n collector.NamespaceCreated) {
	for _, one := range f {
		one.Namespace(n)
	}
}

func (f fanOut) Veth(v collector.VethChanged) {
	for _, one := range f {
		one.Veth(v)
	}
}

func (f fanOut) VethTime(v collector.VethTime) {
	for _, one := range f {
		one.VethTime(v)
	}
}

// startFunc observes starts and ignores everything else.
type startFunc func(*collector.Start)

func (f startFunc) Start(s *collector.Start)             { f(s) }
func (f startFunc) Ready(*collector.Start)               {}
func (f startFunc) Command(collector.Command)            {}
func (f startFunc) Namespace(collector.NamespaceCreated) {}
func (f startFunc) Veth(collector.VethChanged)           {}
func (f startFunc) VethTime(collector.VethTime)          {}
