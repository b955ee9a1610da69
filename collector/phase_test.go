package collector

import (
	"math/rand/v2"
	"testing"
	"time"

	"container_start_exporter/collector/start"
)

func TestPartitionSums(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var m marks
		begin := random.Int64N(1000) + 1
		end := begin + random.Int64N(1000)
		for i := range m {
			if random.IntN(3) > 0 {
				m[i] = begin + random.Int64N(end-begin+100)
			}
		}
		var sum, next time.Duration
		seen := make(map[start.PhaseName]bool)
		for _, p := range m.partition(begin, end) {
			if p.Begin != next || p.Duration < 0 || seen[p.Name] {
				t.Fatalf("marks %v from %d to %d: phase %+v after %v", m, begin, end, p, next)
			}
			seen[p.Name] = true
			sum += p.Duration
			next = p.Begin + p.Duration
		}
		if sum != time.Duration(end-begin) {
			t.Fatalf("marks %v from %d to %d: the phases sum to %d", m, begin, end, sum)
		}
	}
}

func TestPartitionPrepare(t *testing.T) {
	var m marks
	m.set(start.PhaseShim, 150)
	m.set(start.PhaseCreate, 200)
	m.set(start.PhaseCreate, 300) // a phase occurs once
	got := m.partition(100, 400)
	want := []start.Phase{
		{Name: start.PhasePrepare, Duration: 50}, {Name: start.PhaseShim, Begin: 50, Duration: 50}, {Name: start.PhaseCreate, Begin: 100, Duration: 200},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("phase %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
	if first := m.partition(150, 400)[0]; first.Name != start.PhaseShim {
		t.Errorf("a start that begins with its shim has %s", first.Name)
	}
}
