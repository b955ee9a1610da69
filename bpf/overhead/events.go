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

// watchedName is that of the workers whose events are recorded.
const watchedName = "overhead-seen"

const tries = 20 // of a loop, of which the best counts: the one that nothing else came in the way of

// Runs is how often programs ran, and for how long.
type Runs struct {
	Count uint64        `json:"runs"`
	Time  time.Duration `json:"time_ns"`
}

func (r Runs) plus(o Runs) Runs  { return Runs{r.Count + o.Count, r.Time + o.Time} }
func (r Runs) minus(o Runs) Runs { return Runs{r.Count - o.Count, r.Time - o.Time} }

// programs are runs by the program's name.
type programs map[string]Runs

// Driven is what ran while one loop was driven.
type Driven struct {
	Total    Runs     `json:"total"`
	Programs programs `json:"programs,omitempty"`
	Records  uint64   `json:"records"`
}

// Loop is what ran under null programs, for a process that is not watched
// (nothing, where all are) and for one that is.
type Loop struct {
	Name     string `json:"name"`
	Steps    int    `json:"steps"`
	Share    int    `json:"share"` // in an average
	Null     Driven `json:"null"`
	Filtered Driven `json:"filtered"`
	Recorded Driven `json:"recorded"`
}

// Reading is how often the reader of the ring buffer slept, and was woken,
// while records came in a burst.
type Reading struct {
	Records uint64        `json:"records"`
	Wakeups uint64        `json:"wakeups"`
	Time    time.Duration `json:"time_ns"`
}

// Events is what the programs of one mechanism take by the kernel's count of
// their runs and of the time from begin to end of each (BPF_STATS_RUN_TIME).
// There is a reading of the clock in that time: null programs show how much.
type Events struct {
	Mechanism string   `json:"mechanism"`
	Points    []string `json:"points"`
	Loops     []Loop   `json:"loops"`
	Average   Average  `json:"average"`
	Reading   Reading  `json:"reading"`
}

// counted are programs that are attached.
type counted interface {
	io.Closer
	counters() (programs, error)
	received() (uint64, error) // records so far, also those that are still on their way
}

// events drives all loops under the programs of one mechanism, whose points
// are given.
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
	for _, l := range driven {
		all.Loops = append(all.Loops, Loop{Name: l.name, Steps: l.steps, Share: l.share})
	}
	if err := all.driveNulls(points); err != nil {
		return nil, err
	}
	if err := all.driveExporter(watched); err != nil {
		return nil, err
	}
	all.Average = all.average()
	return all, nil
}

func (e *Events) driveNulls(points []string) error {
	n, err := attachNulls(points)
	if err != nil {
		return err
	}
	for i, l := range driven {
		progress("%s with null programs by %s", l.name, e.Mechanism)
		if e.Loops[i].Null, err = drive(n, self, l); err != nil {
			return errors.Join(fmt.Errorf("null programs: %w", err), n.Close())
		}
	}
	return n.Close()
}

func (e *Events) driveExporter(watched string) error {
	x, err := openExporter(e.Mechanism, watchedName)
	if err != nil {
		return err
	}
	defer x.Close()
	for i, l := range driven {
		progress("%s with the exporter by %s", l.name, e.Mechanism)
		if !ofAnybody[l.name] {
			if e.Loops[i].Filtered, err = drive(x, self, l); err != nil {
				return err
			}
		}
		if e.Loops[i].Recorded, err = drive(x, watched, l); err != nil {
			return err
		}
	}
	e.Reading, err = x.reading(watched)
	return err
}

// drive lets a program do a loop, and returns what ran in the cheapest try.
func drive(c counted, program string, l loop) (best Driven, err error) {
	w, err := startWorker(program, l)
	if err != nil {
		return best, fmt.Errorf("start the loop %s: %w", l.name, err)
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	for range tries {
		d, err := driveOnce(c, w)
		if err != nil {
			return best, fmt.Errorf("loop %s: %w", l.name, err)
		}
		if best.Programs == nil || d.Total.Time < best.Total.Time {
			best = d
		}
	}
	return best, nil
}

func driveOnce(c counted, w *worker) (d Driven, err error) {
	recordsBefore, err := c.received()
	if err != nil {
		return d, err
	}
	before, err := c.counters()
	if err != nil {
		return d, err
	}
	if _, err := w.run(w.loop.steps); err != nil {
		return d, err
	}
	after, err := c.counters()
	if err != nil {
		return d, err
	}
	records, err := c.received()
	d = Driven{Programs: programs{}, Records: records - recordsBefore}
	for name, r := range after {
		if r = r.minus(before[name]); r.Count > 0 {
			d.Programs[name] = r
			d.Total = d.Total.plus(r)
		}
	}
	return d, err
}

// reading lets a watched process make many records, one after the other.
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

// Average is nanoseconds over all loops, each with its share.
type Average struct {
	Null      float64 `json:"null_ns_per_run"`
	Filtered  float64 `json:"filtered_ns_per_run"`
	Recorded  float64 `json:"recorded_ns_per_run"`
	PerRecord float64 `json:"recorded_ns_per_record"`
}

func (e *Events) average() Average {
	run := func(d Driven) float64 { return float64(d.Total.Count) }
	return Average{
		Null:      e.ratio(func(l Loop) Driven { return l.Null }, run),
		Filtered:  e.ratio(func(l Loop) Driven { return l.Filtered }, run),
		Recorded:  e.ratio(func(l Loop) Driven { return l.Recorded }, run),
		PerRecord: e.ratio(func(l Loop) Driven { return l.Recorded }, func(d Driven) float64 { return float64(d.Records) }),
	}
}

// ratio is the time of all loops by what per counts.
func (e *Events) ratio(of func(Loop) Driven, per func(Driven) float64) float64 {
	var time, count float64
	for _, l := range e.Loops {
		often := float64(l.Share) / float64(l.Steps)
		time += often * float64(of(l).Total.Time)
		count += often * per(of(l))
	}
	return time / count
}
