package main

import "container_start_exporter/collector"

// observers tells each of them everything, in this order.
type observers []collector.Observer

func (o observers) Start(s *collector.Start) {
	for _, one := range o {
		one.Start(s)
	}
}

func (o observers) Ready(s *collector.Start) {
	for _, one := range o {
		one.Ready(s)
	}
}

func (o observers) Command(c collector.Command) {
	for _, one := range o {
		one.Command(c)
	}
}

func (o observers) Namespace(n collector.NamespaceCreated) {
	for _, one := range o {
		one.Namespace(n)
	}
}

func (o observers) Veth(v collector.VethChanged) {
	for _, one := range o {
		one.Veth(v)
	}
}

func (o observers) VethTime(v collector.VethTime) {
	for _, one := range o {
		one.VethTime(v)
	}
}

// onStart is an observer of starts alone.
type onStart func(*collector.Start)

func (f onStart) Start(s *collector.Start)             { f(s) }
func (f onStart) Ready(*collector.Start)               {}
func (f onStart) Command(collector.Command)            {}
func (f onStart) Namespace(collector.NamespaceCreated) {}
func (f onStart) Veth(collector.VethChanged)           {}
func (f onStart) VethTime(collector.VethTime)          {}
