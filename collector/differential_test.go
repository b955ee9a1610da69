package collector

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestHostileNeighbours replays each recording alone, and again with a container's
// processes attacking at the same time: the records of the real starts are the same.
func TestHostileNeighbours(t *testing.T) {
	eachRecording(t, func(t *testing.T, honest []*event.Event) {
		t.Parallel()
		honest = listening(honest, records(t, honest))
		want := records(t, honest)
		needStart(t, want)
		k := learn(honest, want)
		random := rand.New(rand.NewPCG(uint64(len(honest)), 11))
		for _, attack := range attacks {
			if brief() {
				break // all at once do
			}
			t.Run(attack.name, func(t *testing.T) {
				compareRecords(t, want, records(t, mix(random, honest, newStream(random, k, attack))))
			})
		}
		t.Run("all at once", func(t *testing.T) {
			compareRecords(t, want, records(t, mix(random, honest, allAtOnce(random, k)...)))
		})
	})
}

// TestForgedStartsAreNested replays each recording beside attacks: what is reported
// besides the real starts is of kind nested, and not in a trace of theirs.
func TestForgedStartsAreNested(t *testing.T) {
	eachRecording(t, func(t *testing.T, honest []*event.Event) {
		t.Parallel()
		want := records(t, honest)
		needStart(t, want)
		random := rand.New(rand.NewPCG(uint64(len(honest)), 13))
		got := records(t, mix(random, honest, allAtOnce(random, learn(honest, want))...))
		forged, believed := map[string]int{}, 0
		for span, s := range got.starts {
			if want.starts[span] != nil {
				continue
			}
			if s.Kind != "nested" {
				forged[s.Engine+" "+s.Kind]++
			}
			if s.TraceParent != "" {
				believed++
			}
		}
		if len(forged) > 0 || believed > 0 {
			t.Errorf("forged starts that are not nested: %v; %d with a trace of their choice", forged, believed)
		}
	})
}

// needStart skips the test if a recording has no start that could be attacked.
func needStart(t *testing.T, r *reported) {
	t.Helper()
	if len(r.starts) == 0 {
		t.Skip("no start: the engine gives up before")
	}
}

// allAtOnce returns the events of all attacks that leave room for each other.
func allAtOnce(random *rand.Rand, k *knowledge) (all []stream) {
	for _, attack := range attacks {
		if attack.when == throughout {
			all = append(all, newStream(random, k, attack))
		}
	}
	return all
}

// eachRecording calls test with the events of each recording in testdata.
func eachRecording(t *testing.T, test func(*testing.T, []*event.Event)) {
	files, err := filepath.Glob("testdata/*.events.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".events.jsonl"), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var events []*event.Event
			if err := event.Read(f, func(e *event.Event) { events = append(events, e) }); err != nil {
				t.Fatal(err)
			}
			test(t, events)
		})
	}
}

// reported is what was reported of each start, by the id of its span: that is made of
// the container's id and of the process by which the start became known.
type reported struct {
	tally
	starts map[string]*start.Start
	ready  map[string]*start.Start
}

func (r *reported) Start(s *start.Start) {
	r.tally.Start(s)
	r.starts[s.SpanID] = s
}

func (r *reported) Ready(s *start.Start) {
	r.tally.Ready(s)
	r.ready[s.SpanID] = s
}

// records replays events and returns what was reported.
func records(t *testing.T, events []*event.Event) *reported {
	t.Helper()
	r := &reported{tally: tally{t: t}, starts: map[string]*start.Start{}, ready: map[string]*start.Start{}}
	a := New(Config{}, r, &r.tally)
	for _, e := range events {
		a.Handle(e)
	}
	checkConservation(t, a)
	a.Close()
	return r
}

// listening returns the events of a recording, and a listen in each container at its end:
// the recordings have none.
func listening(events []*event.Event, starts *reported) []*event.Event {
	events = slices.Clone(events)
	last := slices.MaxFunc(events, func(a, b *event.Event) int { return cmp.Compare(a.Time, b.Time) })
	for _, span := range slices.Sorted(maps.Keys(starts.starts)) {
		s := starts.starts[span]
		events = append(events, &event.Event{Time: last.Time + 1000, Kind: event.KindListen, PID: s.PID, MntNS: s.Namespaces.Mnt})
	}
	return events
}

// compareRecords checks that each start in want was reported the same.
func compareRecords(t *testing.T, want, got *reported) {
	t.Helper()
	compareStarts(t, "start", want.starts, got.starts)
	compareStarts(t, "ready start", want.ready, got.ready)
}

func compareStarts(t *testing.T, what string, want, got map[string]*start.Start) {
	t.Helper()
	for span, s := range want {
		other := got[span]
		if other == nil {
			t.Errorf("%s %s of %s is not reported", what, s.ContainerID, s.Engine)
			continue
		}
		if d := diff.Diff(lines(t, s), lines(t, other)); d != "" {
			t.Errorf("%s %s of %s is another (-alone +beside the attack):\n%s", what, s.ContainerID, s.Engine, d)
		}
	}
}

// lines returns the JSON of a start, by line.
func lines(t *testing.T, s *start.Start) []string {
	t.Helper()
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")
}
