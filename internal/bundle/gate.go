package bundle

import (
	"sync"
	"time"
)

// A read waits for ever if it is of a file system that hangs, and what waits cannot be
// ended. So the reads at once are limited. Each limit keeps those that hang in one place
// from keeping away those in another.
const (
	maxReads     = 64 // in all
	maxForeign   = 48 // in mount namespaces other than the host's: in all of them,
	maxNamespace = 16 // and in one
	maxPlace     = 4  // in one place
)

// place is where a file is read. Files of one place probably hang together.
type place struct {
	mntNS uint32
	dir   string // the parent of the directories that belong to one container each
}

// slots are the reads at once within one limit.
type slots struct {
	limit, held int
	changed     time.Time // when the last read began or ended
}

// gate admits reads. It is safe for concurrent use.
type gate struct {
	own, host uint32 // the mount namespaces of the exporter, and of the host's init

	mu           sync.Mutex
	all, foreign *slots
	namespaces   map[uint32]*slots
	places       map[place]*slots
	large        sides // bytes
}

func newGate(own, host uint32) *gate {
	return &gate{
		own: own, host: host, all: &slots{limit: maxReads}, foreign: &slots{limit: maxForeign},
		namespaces: map[uint32]*slots{}, places: map[place]*slots{}, large: newSides(largeMax, largeRate, largeRate),
	}
}

// isHost reports whether a mount namespace is the host's: that of its init, or the
// exporter's own. An engine may have another one.
func (g *gate) isHost(mntNS uint32) bool { return mntNS == g.own || mntNS == g.host }

// enter reports whether a read may begin: leave must be called when it has ended. If a
// limit is reached, it waits for another read to end, unless those hang.
func (g *gate) enter(p place) bool {
	for wait := time.Millisecond; ; wait *= 2 {
		entered, hang := g.try(p, time.Now())
		if entered || hang || wait > deadline {
			return entered
		}
		time.Sleep(wait)
	}
}

// try lets a read begin if no limit is reached. Otherwise it reports whether the reads
// within the limit hang.
func (g *gate) try(p place, now time.Time) (entered, hang bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	within := g.within(p)
	for _, s := range within {
		if s.held >= s.limit {
			return false, now.Sub(s.changed) > deadline
		}
	}
	g.change(p, within, 1, now)
	return true, false
}

func (g *gate) leave(p place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.change(p, g.within(p), -1, time.Now())
}

// within returns the limits of a read, the narrowest first.
func (g *gate) within(p place) []*slots {
	in := find(g.places, p, maxPlace)
	if g.isHost(p.mntNS) {
		return []*slots{in, g.all}
	}
	return []*slots{in, find(g.namespaces, p.mntNS, maxNamespace), g.foreign, g.all}
}

func (g *gate) change(p place, within []*slots, n int, now time.Time) {
	for _, s := range within {
		s.held += n
		s.changed = now
	}
	keep(g.places, p, within[0])
	if !g.isHost(p.mntNS) {
		keep(g.namespaces, p.mntNS, within[1])
	}
}

func find[K comparable](all map[K]*slots, k K, limit int) *slots {
	if s, ok := all[k]; ok {
		return s
	}
	return &slots{limit: limit}
}

// keep keeps slots as long as some are held.
func keep[K comparable](all map[K]*slots, k K, s *slots) {
	if s.held > 0 {
		all[k] = s
	} else {
		delete(all, k)
	}
}

// admits reports whether a file of a size in bytes may be read: large ones are rationed.
func (g *gate) admits(mntNS uint32, size int64) bool {
	if size <= maxSmall {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	large := g.large.of(g.isHost(mntNS))
	if large.now(time.Now()) < float64(size) {
		return false
	}
	large.spend(float64(size))
	return true
}
