package collector

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// maxHeap is what the assembler may retain, whatever happens: the whole exporter is to
// stay below 100 MB of resident memory, and there are a few MB of probes, page and metrics
// beside the assembler.
const maxHeap = 100 << 20

// maxMean bounds what an event of a storm allocates on average: the largest one has 16 KiB
// of arguments, of which each may be a key.
const maxMean = 128 << 10

// TestRetainedMemory lets each storm go on for more events than any table has room for:
// what is retained stays below a bound. An event is a microsecond after the one before, so
// that no wait and no start times out: an attacker has 30 seconds for the first.
func TestRetainedMemory(t *testing.T) {
	for i, storm := range storms {
		if brief() && i%8 != 0 {
			continue
		}
		eachOrigin(t, storm.name, func(t *testing.T, of func(*event.Event)) {
			before, allocatedBefore := heap(), allocated()
			w := newWeather(1)
			w.of = of
			for w.events < maxProcesses+16384 {
				for next := w.events + 4096; w.events < next; {
					w.next(storm.do)
				}
				if held := int64(heap()) - int64(before); held > maxHeap {
					t.Fatalf("%d MB are retained after %d events", held>>20, w.events)
				}
				// the storm's own texts are included; more is work that grows with the storm
				if mean := (allocated() - allocatedBefore) / w.events; mean > maxMean {
					t.Fatalf("%d events have allocated %d bytes each", w.events, mean)
				}
			}
			checkConservation(t, w.Assembler)
			w.Close()
		})
	}
}

// brief reports whether long tests are to be cut short: the race detector makes them five
// times as long, and finds nothing in a package without goroutines.
func brief() bool { return testing.Short() || raceDetector }

// eachOrigin runs a test with a storm on the host, in one container, and in as many as
// there are events.
func eachOrigin(t *testing.T, storm string, test func(*testing.T, func(*event.Event))) {
	if brief() {
		t.Run("container/"+storm, func(t *testing.T) { test(t, nested) })
		return
	}
	t.Run("host/"+storm, func(t *testing.T) { test(t, func(*event.Event) {}) })
	t.Run("container/"+storm, func(t *testing.T) { test(t, nested) })
	container := uint32(4026533000)
	t.Run("containers/"+storm, func(t *testing.T) {
		test(t, func(e *event.Event) {
			container++
			e.Nested = container
		})
	})
}

// TestWorkPerEvent counts the bytes that the assembler allocates, not the time: twice as
// many events allocate about twice as much, and no event allocates more than in proportion
// to what was held for the start that it may have ended.
func TestWorkPerEvent(t *testing.T) {
	const events = 3000
	for i, storm := range storms {
		if brief() && i%8 != 0 {
			continue
		}
		t.Run(storm.name, func(t *testing.T) {
			once, twice := measure(t, storm, events), measure(t, storm, 2*events)
			t.Logf("%d bytes an event, at most %d; of twice as many events %d, at most %d", once.mean(), once.largest, twice.mean(), twice.largest)
			// an eighth more, for tables that grow by doubling
			if twice.mean() > once.mean()*9/8+128 {
				t.Errorf("%d bytes are allocated for an event among %d, %d among %d", once.mean(), once.events, twice.mean(), twice.events)
			}
			if worst := max(once.worst, twice.worst); worst > 4 {
				t.Errorf("an event allocates %d times what was held", worst)
			}
		})
	}
}

// work is what a storm has allocated.
type work struct {
	events, total uint64
	largest       uint64 // by one event
	worst         uint64 // by one event, per byte of the events since the last start was reported
}

func (w *work) mean() uint64 { return w.total / w.events }

// measure lets a storm go on for a number of events.
func measure(t *testing.T, s storm, events uint64) work {
	t.Helper()
	w := newWeather(1)
	w.counted = &work{}
	for w.events < events {
		w.next(s.do)
	}
	w.counted.events = w.events
	return *w.counted
}

// weather is an assembler in a storm. It keeps no events and no results.
type weather struct {
	*Assembler
	random *rand.Rand
	now    int64
	turn   int
	events uint64
	of     func(*event.Event) // sets the origin of an event

	counted *work // nil: not counted
	held    uint64
	ended   bool
}

func newWeather(seed uint64) *weather {
	w := &weather{random: rand.New(rand.NewPCG(seed, 14)), now: 1_000_000, of: func(*event.Event) {}}
	w.Assembler = New(Config{}, w, w)
	return w
}

// Start checks a start's record, and forgets it.
func (w *weather) Start(s *start.Start) {
	w.ended = true
	if err := wellFormed(s); err != nil {
		panic(err)
	}
}

// Ready does nothing.
func (w *weather) Ready(*start.Start) {}

// NodeFact does nothing.
func (w *weather) NodeFact(Fact) {}

// next lets a storm do one thing, which may be several events.
func (w *weather) next(do func(*weather)) {
	do(w)
	w.turn++
}

// do handles an event.
func (w *weather) do(e event.Event) {
	w.now += 1000
	w.events++
	e.Time = w.now
	w.of(&e)
	if w.counted == nil {
		w.Handle(&e)
		return
	}
	w.held += uint64(e.Size())
	before := allocated()
	w.Handle(&e)
	n := allocated() - before
	w.counted.total += n
	w.counted.largest = max(w.counted.largest, n)
	w.counted.worst = max(w.counted.worst, n/(w.held+64<<10)) // 64 KiB: a table that grows
	if w.ended {
		w.held, w.ended = 0, false
	}
}

// heap returns the bytes that are in use after a garbage collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// allocated returns the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
