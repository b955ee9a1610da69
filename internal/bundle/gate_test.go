package bundle

import (
	"strconv"
	"testing"
	"time"
)

// TestGate lets reads hang: one place leaves room for others, one mount namespace for
// others, and all of them for the host's.
func TestGate(t *testing.T) {
	const own, host = 1, 2
	g := newGate(own, host)
	hang := func(mntNS uint32, dirs int) (entered []place) {
		for i := range 10 * dirs {
			p := place{mntNS, strconv.Itoa(i % dirs)}
			if ok, _ := g.try(p, time.Now()); ok {
				entered = append(entered, p)
			}
		}
		return entered
	}
	if n := len(hang(3, 1)); n != maxPlace {
		t.Errorf("%d reads hang in one place", n)
	}
	if n := len(hang(4, 100)); n != maxNamespace {
		t.Errorf("%d reads hang in one mount namespace", n)
	}
	total := maxPlace + maxNamespace
	for mntNS := range uint32(10) {
		total += len(hang(10+mntNS, 100))
	}
	if total != maxForeign {
		t.Errorf("%d reads hang in other mount namespaces", total)
	}
	all := append(hang(own, 2), hang(host, 100)...)
	if len(all) != maxReads-maxForeign {
		t.Errorf("%d reads hang in the host's mount namespaces, of %d", len(all), maxReads-maxForeign)
	}
	if g.enter(place{own, "another"}) {
		t.Error("a read too many")
	}
	for _, p := range all {
		g.leave(p)
	}
	if !g.enter(place{own, "another"}) {
		t.Error("no read begins once others have ended")
	}
}

// TestGateQueues begins more reads in one place than may be at once: they wait for each
// other, unless those before them hang.
func TestGateQueues(t *testing.T) {
	g, p := newGate(1, 1), place{1, "/"}
	for range maxPlace {
		g.enter(p)
	}
	time.AfterFunc(10*time.Millisecond, func() { g.leave(p) })
	if !g.enter(p) {
		t.Error("a read does not wait for another")
	}
	if g.enter(p) {
		t.Error("a read too many")
	}
	began := time.Now()
	if g.enter(p) || time.Since(began) > deadline/2 {
		t.Errorf("a read waited for those that hang, for %v", time.Since(began))
	}
}

// TestGateForgets checks that what is counted is forgotten.
func TestGateForgets(t *testing.T) {
	g := newGate(1, 1)
	for i := range uint32(100) {
		p := place{i, strconv.Itoa(int(i))}
		g.enter(p)
		g.leave(p)
	}
	if len(g.places) != 0 || len(g.namespaces) != 0 || g.all.held != 0 || g.foreign.held != 0 {
		t.Errorf("%+v", g)
	}
}
