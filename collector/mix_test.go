package collector

import (
	"math/rand/v2"
	"slices"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/runtime"
)

// stream is what an attack does, in order.
type stream struct {
	events []*event.Event
	when   moment
}

// mix returns the events of a recording with those of hostile streams between them, in
// time. The events of a recording stay as they are, and its first one is the first: the
// exporter has started by then.
func mix(random *rand.Rand, honest []*event.Event, streams ...stream) []*event.Event {
	after := make([][]*event.Event, len(honest)) // what happens after each event
	for _, s := range streams {
		for i, place := range s.places(random, honest) {
			after[place] = append(after[place], s.events[i])
		}
	}
	var mixed []*event.Event
	now, wallOffset := int64(0), int64(0)
	for i, e := range honest {
		mixed = append(mixed, e)
		now = max(now, e.Time)
		if e.Kind == event.KindClock {
			wallOffset = e.Wall - e.Time
		}
		next := now
		if i+1 < len(honest) {
			next = max(now, honest[i+1].Time)
		}
		spread(after[i], now, next, wallOffset)
		mixed = append(mixed, after[i]...)
	}
	return mixed
}

// places returns, for each event of a stream, after which event of a recording it happens.
func (s *stream) places(random *rand.Rand, honest []*event.Event) []int {
	places := make([]int, len(s.events))
	switch s.when {
	case beforeCreate:
		create := slices.IndexFunc(honest, func(e *event.Event) bool {
			c, ok := runtime.Parse(argv.ProgramOf(e.File, e.Exe, e.Args))
			return ok && e.Kind == event.KindExec && (c.Name == "create" || c.Name == "run")
		})
		for i := range places {
			places[i] = max(create-1, 0)
		}
	case throughout:
		for i := len(places) / 2; i < len(places); i++ {
			places[i] = random.IntN(len(honest))
		}
		slices.Sort(places)
	}
	return places
}

// spread sets the times of events, between two others.
func spread(events []*event.Event, from, to, wallOffset int64) {
	for i, e := range events {
		e.Time = from + (to-from)*int64(i+1)/int64(len(events)+1)
		if e.Kind == event.KindClock {
			e.Wall = e.Time + wallOffset
		}
	}
}
