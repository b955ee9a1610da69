package main

import (
	"container_start_exporter/collector"
	"container_start_exporter/collector/start"
)

// fanOut passes each start on to all of the observers, in this order.
type fanOut []collector.StartObserver

func (f fanOut) Start(s *start.Start) {
	for _, one := range f {
		one.Start(s)
	}
}

func (f fanOut) Ready(s *start.Start) {
	for _, one := range f {
		one.Ready(s)
	}
}

// hostOnly passes on the starts on the host, not the nested ones.
type hostOnly struct{ collector.StartObserver }

func (h hostOnly) Start(s *start.Start) {
	if s.Kind != start.Nested {
		h.StartObserver.Start(s)
	}
}

func (h hostOnly) Ready(s *start.Start) {
	if s.Kind != start.Nested {
		h.StartObserver.Ready(s)
	}
}

// startFunc observes starts, and ignores when they are ready.
type startFunc func(*start.Start)

func (f startFunc) Start(s *start.Start) { f(s) }
func (f startFunc) Ready(*start.Start)   {}
