package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// watchedName is the file name under which workers are executed whose events
// are recorded.
const watchedName = "overhead-seen"

const tries = 20 // per loop; the cheapest counts, as the least disturbed

// Runs is how many times programs ran, and for how long in total.
type Runs struct {
	Count uint64        `json:"runs"`
	Time  time.Duration `json:"time_ns"`
}

func (r Runs) plus(o Runs) Runs  { return Runs{r.Count + o.Count, r.Time + o.Time} }
func (r Runs) minus(o Runs) Runs { return Runs{r.Count - o.Count, r.Time - o.Time} }

// programs maps a program's name to its runs.
type programs map[string]Runs

// Counted is what ran during one loop.
type Counted struct {
	Total    Runs     `json:"total"`
	Programs programs `json:"programs,omitempty"`
	Records  uint64   `json:"records"`
}

// Loop is what ran during a loop with null programs, and with the exporter's:
// for a process that is not watched (zero for the loops in hostWide), and for
// one that is.
type Loop struct {
	Name     string  `json:"name"`
	Steps    int     `json:"steps"`
	Share    int     `json:"share"` // weight in the average
	Null     Counted `json:"null"`
	Filtered Counted `json:"filtered"`
	Recorded Counted `json:"recorded"`
}

// Reading is how many times the reader of the ring buffer slept and was woken
// during a burst of records.
type Reading struct {
	Records uint64        `json:"records"`
	Wakeups uint64        `json:"wakeups"`
	Time    time.Duration `json:"time_ns"`
}

// Events is what the programs of one mechanism cost, by the kernel's statistics
// of their runs and of the time from begin to end of each (BPF_STATS_RUN_TIME).
// That time includes one reading of the clock; null programs show its cost.
type Events struct {
	Mechanism string   `json:"mechanism"`
	Points    []string `json:"points"`
	Loops     []Loop   `json:"loops"`
	Average   Average  `json:"average"`
	Reading   Reading  `json:"reading"`
}

// attachment is a set of attached programs.
type attachment interface {
	io.Closer
	counters() (programs, error)
	received() (uint64, error) // records so far, those still in the ring buffer included
}

// events counts what runs during all loops with one mechanism: null programs at
// the attach points given, then the exporter's programs.
func events(mechanism string, points []string) (*Events, error) {
	dir, err := os.MkdirTemp("", "overhead")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	watched := filepath.Join(dir, watchedName)
	if err := copyFile(watched, self); err != nil {
		return nil, err
	}
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		return nil, fmt.Errorf("enable the statistics of BPF programs: %w", err)
	}
	defer stats.Close()

	all := &Events{Mechanism: mechanism, Points: points}
	for _, l := range counted {
		all.Loops = append(all.Loops, Loop{Name: l.name, Steps: l.steps, Share: l.share})
	}
	if err := all.countNulls(points); err != nil {
		return nil, err
	}
	if err := all.countExporter(watched); err != nil {
		return nil, err
	}
	all.Average = all.average()
	return all, nil
}

func (e *Events) countNulls(points []string) error {
	n, err := attachNulls(points)
	if err != nil {
		return err
	}
	for i, l := range counted {
		progress("%s with null programs by %s", l.name, e.Mechanism)
		if e.Loops[i].Null, err = count(n, self, l); err != nil {
			return errors.Join(fmt.Errorf("null programs: %w", err), n.Close())
		}
	}
	return n.Close()
}

func (e *Events) countExporter(watched string) error {
	x, err := openExporter(e.Mechanism, watchedName)
	if err != nil {
		return err
	}
	defer x.Close()
	for i, l := range counted {
		progress("%s with the exporter by %s", l.name, e.Mechanism)
		if !hostWide[l.name] {
			if e.Loops[i].Filtered, err = count(x, self, l); err != nil {
				return err
			}
		}
		if e.Loops[i].Recorded, err = count(x, watched, l); err != nil {
			return err
		}
	}
	e.Reading, err = x.reading(watched)
	return err
}

// count runs a loop in a worker executed from program, and returns what ran in
// the cheapest try.
func count(a attachment, program string, l loop) (best Counted, err error) {
	w, err := startWorker(program, l)
	if err != nil {
		return best, fmt.Errorf("start the loop %s: %w", l.name, err)
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	for range tries {
		c, err := countOnce(a, w)
		if err != nil {
			return best, fmt.Errorf("loop %s: %w", l.name, err)
		}
		if best.Programs == nil || c.Total.Time < best.Total.Time {
			best = c
		}
	}
	return best, nil
}

func countOnce(a attachment, w *worker) (c Counted, err error) {
	recordsBefore, err := a.received()
	if err != nil {
		return c, err
	}
	before, err := a.counters()
	if err != nil {
		return c, err
	}
	if _, err := w.run(w.loop.steps); err != nil {
		return c, err
	}
	after, err := a.counters()
	if err != nil {
		return c, err
	}
	records, err := a.received()
	c = Counted{Programs: programs{}, Records: records - recordsBefore}
	for name, r := range after {
		if r = r.minus(before[name]); r.Count > 0 {
			c.Programs[name] = r
			c.Total = c.Total.plus(r)
		}
	}
	return c, err
}

// reading makes a watched process cause 20000 records, one after the other, and
// counts how many times the reader was woken.
func (e *exporter) reading(watched string) (r Reading, err error) {
	l, err := find("rename")
	if err != nil {
		return r, err
	}
	w, err := startWorker(watched, l)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	records, err := e.received()
	if err != nil {
		return r, err
	}
	sleeps, err := e.sleeps()
	if err != nil {
		return r, err
	}
	if r.Time, err = w.run(20000); err != nil {
		return r, err
	}
	if r.Records, err = e.received(); err != nil {
		return r, err
	}
	r.Wakeups, err = e.sleeps()
	r.Wakeups -= sleeps
	r.Records -= records
	return r, err
}

// Average is the mean over all loops, each weighted by its share, in
// nanoseconds.
type Average struct {
	Null      float64 `json:"null_ns_per_run"`
	Filtered  float64 `json:"filtered_ns_per_run"`
	Recorded  float64 `json:"recorded_ns_per_run"`
	PerRecord float64 `json:"recorded_ns_per_record"`
}

func (e *Events) average() Average {
	run := func(c Counted) float64 { return float64(c.Total.Count) }
	return Average{
		Null:      e.ratio(func(l Loop) Counted { return l.Null }, run),
		Filtered:  e.ratio(func(l Loop) Counted { return l.Filtered }, run),
		Recorded:  e.ratio(func(l Loop) Counted { return l.Recorded }, run),
		PerRecord: e.ratio(func(l Loop) Counted { return l.Recorded }, func(c Counted) float64 { return float64(c.Records) }),
	}
}

// ratio returns the run time of all loops divided by what per counts, both
// weighted by each loop's share.
func (e *Events) ratio(of func(Loop) Counted, per func(Counted) float64) float64 {
	var time, count float64
	for _, l := range e.Loops {
		weight := float64(l.Share) / float64(l.Steps)
		time += weight * float64(of(l).Total.Time)
		count += weight * per(of(l))
	}
	return time / count
}
