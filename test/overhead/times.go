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

// baseline is the configuration with nothing attached, with which all others are
// compared.
const baseline = "baseline"

const batches = 20 // per loop and configuration in each round

// rounds times all loops in all configurations, which each round visits in
// another random order. It returns, by loop and configuration, the quickest
// batch of each round in nanoseconds per step.
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

// during calls f while this configuration is attached completely, and no other
// is.
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

// settle waits until detached programs are freed as well, which the kernel does
// a grace period later.
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

// Time is how long a step of a loop takes in a configuration, in nanoseconds.
type Time struct {
	Loop          string  `json:"loop"`
	Configuration string  `json:"configuration"`
	Median        float64 `json:"median_ns"` // of the rounds' quickest
	Low           float64 `json:"low_ns"`    // lower quartile
	High          float64 `json:"high_ns"`   // upper quartile
	More          float64 `json:"more_ns"`   // than the baseline
	Ratio         float64 `json:"ratio"`     // to the baseline
}

func times(quickest map[string]map[string][]float64, configurations []configuration) []Time {
	var all []Time
	for _, l := range timed {
		base := quantile(quickest[l.name][baseline], 0.5)
		for _, c := range configurations {
			ns := quickest[l.name][c.name]
			median := quantile(ns, 0.5)
			all = append(all, Time{
				Loop: l.name, Configuration: c.name,
				Median: median, Low: quantile(ns, 0.25), High: quantile(ns, 0.75),
				More: median - base, Ratio: median / base,
			})
		}
	}
	return all
}

// quantile returns the q-quantile, interpolated between the two nearest values.
func quantile(values []float64, q float64) float64 {
	v := slices.Sorted(slices.Values(values))
	at := q * float64(len(v)-1)
	below := int(at)
	above := min(below+1, len(v)-1)
	return v[below] + (v[above]-v[below])*(at-float64(below))
}
