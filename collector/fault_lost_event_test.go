package collector

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestFaultLostEvent replays each recording once for each of its events, without that
// event and with the news that it was lost, as the reader brings it at the earliest:
// before the event after it. A start is then incomplete, or not reported at all,
// or the same as with the event. It is never one that succeeded or failed with
// other numbers.
func TestFaultLostEvent(t *testing.T) {
	files, err := filepath.Glob("testdata/*.events.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".events.jsonl"), func(t *testing.T) {
			t.Parallel()
			events := readEvents(t, file)
			whole := startsOf(t, events)
			for i, lost := range events {
				if !slices.Contains(losable, lost.Kind) {
					continue
				}
				without := slices.Clone(events)
				without[i] = &event.Event{Kind: event.KindLost, Time: lost.Time + 1, Since: lost.Time - 1, Lost: 1, What: string(lost.Kind), Cause: "buffer_full"}
				for id, got := range startsOf(t, without) {
					if want := whole[id]; !cmp.Equal(want, got) {
						t.Errorf("event %d lost, a %s of %s: %.20s %s in %v with %v, not incomplete; with the event in %v with %v",
							i+1, lost.Kind, lost.Comm, id, got.Outcome, got.Duration, got.Operations, want.Duration, want.Operations)
					}
				}
			}
		})
	}
}

// losable are the kinds of events that the kernel may fail to deliver.
var losable = slices.DeleteFunc(slices.Clone(event.AllKinds), func(k event.Kind) bool {
	return slices.Contains([]event.Kind{event.KindClock, event.KindLost, event.KindProcess, event.KindBundle}, k)
})

func readEvents(t *testing.T, file string) (events []*event.Event) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := event.Read(f, func(e *event.Event) { events = append(events, e) }); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return events
}

// numbers are what metrics are made of.
type numbers struct {
	Outcome     start.Outcome
	FailedPhase start.PhaseName
	Begin       time.Time
	Duration    time.Duration
	Phases      []start.Phase
	Operations  map[start.OperationName]int
	Counts      start.Counts
}

// startsOf returns the starts that events show and that are not incomplete, by
// container and span: two containers may have one id.
func startsOf(t *testing.T, events []*event.Event) map[string]numbers {
	t.Helper()
	o := &tally{t: t}
	a := New(Config{}, o, o)
	for _, e := range events {
		handed := *e // an assembler may keep an event, and change it
		a.Handle(&handed)
	}
	checkConservation(t, a)
	a.Close()
	byID := map[string]numbers{}
	for _, s := range o.starts {
		if s.Outcome == start.Incomplete {
			continue
		}
		operations := map[start.OperationName]int{}
		for _, one := range s.Operations {
			operations[one.Name]++
		}
		byID[s.ContainerID+" "+s.SpanID] = numbers{s.Outcome, s.FailedPhase, s.Begin, s.Duration, s.Phases, operations, s.Counts}
	}
	return byID
}
