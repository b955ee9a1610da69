package collector

import (
	"os"
	"testing"

	"container_start_exporter/collector/event"
)

// BenchmarkHandle assembles the events of one docker run: time and memory per
// event.
func BenchmarkHandle(b *testing.B) {
	var events []*event.Event
	f, err := os.Open("testdata/docker20-runc.events.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := event.Read(f, func(e *event.Event) { events = append(events, e) }); err != nil {
		b.Fatal(err)
	}
	o := &tally{}
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if i%len(events) == 0 {
			b.StopTimer()
			o.starts, o.commands, o.veths, o.spaces = nil, nil, nil, nil
			benchmarked = New(Config{}, o, o)
			b.StartTimer()
		}
		benchmarked.Handle(events[i%len(events)])
	}
}

// benchmarked is the assembler under test: it lasts for one pass over the events.
var benchmarked *Assembler
