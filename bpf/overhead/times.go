package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// configuration is what is attached while the loops are timed.
type configuration struct {
	name   string
	attach func() (io.Closer, error)
}

// nothingAttached is what all others are compared with.
const nothingAttached = "nothing"

const batches = 20 // of a loop, under one configuration in one round

// rounds times all loops under all configurations, in another order in each
// round, and returns for each loop and configuration the quickest batch of
// each round: nanoseconds per step.
func rounds(n int, configurations []configuration) (quickest map[string]map[string][]float64, err error) {
	var workers []*worker
	quickest = map[string]map[string][]float64{}
	defer func() {
		for _, w := range workers {
			err = errors.Join(err, w.stop())
		}
	}()
	for _, l := range timed {
		w, err := startWorker("/proc/self/exe", l)
		if err != nil {
			return nil, fmt.Errorf("start the loop %s: %w", l.name, err)
		}
		workers = append(workers, w)
		quickest[l.name] = map[string][]float64{}
	}
	for i := range n {
		progress("round %d of %d", i+1, n)
		for _, i := range rand.Perm(len(configurations)) {
			c := configurations[i]
			err := c.during(func() error {
				for _, w := range workers {
					ns, err := w.quickest()
					if err != nil {
						return err
					}
					quickest[w.loop.name][c.name] = append(quickest[w.loop.name][c.name], ns)
				}
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return quickest, nil
}

// during calls f while the configuration is attached, wholly and alone.
func (c configuration) during(f func() error) error {
	attached, err := c.attach()
	if err != nil {
		return err
	}
	settle()
	err = f()
	err = errors.Join(err, attached.Close())
	settle()
	return err
}

// settle waits until what was detached is freed, too: the kernel does so a
// grace period later.
func settle() {
	const global = 1 // MEMBARRIER_CMD_GLOBAL is synchronize_rcu, kernel/sched/membarrier.c
	_, _, _ = unix.Syscall(unix.SYS_MEMBARRIER, global, 0, 0)
	time.Sleep(20 * time.Millisecond)
}

func (w *worker) quickest() (float64, error) {
	least := time.Duration(1<<63 - 1)
	for range batches {
		took, err := w.run(w.loop.steps)
		if err != nil {
			return 0, err
		}
		least = min(least, took)
	}
	return float64(least) / float64(w.loop.steps), nil
}

// Time is how long a step of a loop takes under a configuration: nanoseconds.
type Time struct {
	Loop          string  `json:"loop"`
	Configuration string  `json:"configuration"`
	Median        float64 `json:"median_ns"` // of the rounds' quickest
	Low           float64 `json:"low_ns"`    // a quarter of the rounds is below
	High          float64 `json:"high_ns"`   // and one above
	More          float64 `json:"more_ns"`   // than with nothing attached
	Ratio         float64 `json:"ratio"`     // to nothing attached
}

func times(quickest map[string]map[string][]float64, configurations []configuration) []Time {
	var all []Time
	for _, l := range timed {
		nothing := quantile(quickest[l.name][nothingAttached], 0.5)
		for _, c := range configurations {
			ns := quickest[l.name][c.name]
			median := quantile(ns, 0.5)
			all = append(all, Time{
				Loop: l.name, Configuration: c.name,
				Median: median, Low: quantile(ns, 0.25), High: quantile(ns, 0.75),
				More: median - nothing, Ratio: median / nothing,
			})
		}
	}
	return all
}

// quantile interpolates between the two values that are next to it.
func quantile(values []float64, q float64) float64 {
	v := slices.Sorted(slices.Values(values))
	at := q * float64(len(v)-1)
	below := int(at)
	above := min(below+1, len(v)-1)
	return v[below] + (v[above]-v[below])*(at-float64(below))
}
