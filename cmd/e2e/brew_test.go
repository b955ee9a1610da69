package e2e

import (
	"sync"
	"sync/atomic"
	"time"
)

// storm is a number of sources, each of which starts one container after the
// other until it ends.
type storm struct {
	over  atomic.Bool
	group sync.WaitGroup
	mu    sync.Mutex
	made  []brewed
	kinds int
}

// brewed is a container that a storm has started and that has ended.
type brewed struct {
	id    string
	kind  int // of which source
	began time.Time
}

func brew(sources ...func() string) *storm {
	s := &storm{kinds: len(sources)}
	for kind, source := range sources {
		s.group.Go(func() {
			for !s.over.Load() {
				began := time.Now()
				id := source()
				s.mu.Lock()
				s.made = append(s.made, brewed{id, kind, began})
				s.mu.Unlock()
			}
		})
	}
	return s
}

// end waits for what is starting.
func (s *storm) end() {
	s.over.Store(true)
	s.group.Wait()
}

func (s *storm) all() []brewed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]brewed(nil), s.made...)
}

// each says that each source has started n containers, eachSince after a time.
func (s *storm) each(n int) bool { return s.eachSince(time.Time{}, n) }

func (s *storm) eachSince(from time.Time, n int) bool {
	counts := make([]int, s.kinds)
	for _, one := range s.all() {
		if one.began.After(from) {
			counts[one.kind]++
		}
	}
	for _, have := range counts {
		if have < n {
			return false
		}
	}
	return true
}
