package e2e

import (
	"sync"
	"sync/atomic"
	"time"
)

// load consists of sources, each of which starts one container after the other
// until the load is stopped.
type load struct {
	stopping   atomic.Bool
	group      sync.WaitGroup
	mu         sync.Mutex
	containers []loadContainer
	sources    int
}

// loadContainer is a container that a load has started and that has ended.
type loadContainer struct {
	id     string
	source int // index of its source
	began  time.Time
}

func startLoad(sources ...func() string) *load {
	l := &load{sources: len(sources)}
	for i, source := range sources {
		l.group.Go(func() {
			for !l.stopping.Load() {
				began := time.Now()
				id := source()
				l.mu.Lock()
				l.containers = append(l.containers, loadContainer{id, i, began})
				l.mu.Unlock()
			}
		})
	}
	return l
}

// stop stops the load and waits for the containers that are still starting.
func (l *load) stop() {
	l.stopping.Store(true)
	l.group.Wait()
}

func (l *load) all() []loadContainer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]loadContainer(nil), l.containers...)
}

// eachStarted returns whether each source has started n containers;
// eachStartedSince counts those that began after a time.
func (l *load) eachStarted(n int) bool { return l.eachStartedSince(time.Time{}, n) }

func (l *load) eachStartedSince(from time.Time, n int) bool {
	counts := make([]int, l.sources)
	for _, one := range l.all() {
		if one.began.After(from) {
			counts[one.source]++
		}
	}
	for _, have := range counts {
		if have < n {
			return false
		}
	}
	return true
}
