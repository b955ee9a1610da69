package main

import "container_start_exporter/collector"

// fanOut passes each start on to all of the observers, in this order.
type fanOut []collector.StartObserver

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

// startFunc observes starts, and ignores when they are ready.
type startFunc func(*collector.Start)

func (f startFunc) Start(s *collector.Start) { f(s) }
func (f startFunc) Ready(*collector.Start)   {}
