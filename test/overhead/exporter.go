package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/network"
	ociruntime "container_start_exporter/collector/runtime"
)

const drainTimeout = 10 * time.Second

// exporter is the part of the exporter that costs the kernel time: its probes,
// and the thread that reads their records.
type exporter struct {
	*bpf.Probes
	mechanism string
	records   atomic.Uint64
	reader    int // thread ID of the reader
	done      chan error
}

// openExporter opens the probes for the names that the exporter watches, and
// for others.
func openExporter(mechanism string, others ...string) (*exporter, error) {
	p, err := bpf.Open(bpf.Options{
		Names:     append(engine.Executables(), others...),
		Shims:     engine.Shims(),
		Runtimes:  ociruntime.Executables(),
		Plugins:   network.Plugins(),
		InitNames: ociruntime.InitNames(),
		Mechanism: mechanism,
	})
	if err != nil {
		return nil, fmt.Errorf("open the probes by %s: %w", mechanism, err)
	}
	e := &exporter{Probes: p, mechanism: mechanism, done: make(chan error)}
	reader := make(chan int)
	go func() {
		runtime.LockOSThread() // sleeps counts those of this thread
		reader <- unix.Gettid()
		e.done <- p.Read(e.sink)
	}()
	e.reader = <-reader
	return e, nil
}

func (e *exporter) sink(ev *event.Event) {
	if ev.Kind != event.KindClock {
		e.records.Add(1)
	}
}

func (e *exporter) Close() error { return errors.Join(e.Probes.Close(), <-e.done) }

func (e *exporter) counters() (programs, error) {
	all := programs{}
	for _, s := range e.Stats().Programs {
		all[s.Name] = Runs{s.Runs, s.RunTime}
	}
	return all, nil
}

func (e *exporter) received() (uint64, error) {
	err := e.Drain(drainTimeout)
	return e.records.Load(), err
}

// attached returns how many probes are attached by the exporter's own mechanism
// (others, such as tp_btf, are used with every mechanism), and calls missing for
// each probe that is not attached.
func (e *exporter) attached(missing func(probe string, err error)) (n int) {
	for _, s := range e.Status() {
		switch {
		case s.State == bpf.Attached && s.Mechanism == e.mechanism:
			n++
		case s.State != bpf.Attached:
			missing(s.Name, s.Err())
		}
	}
	return n
}

// points returns the attach points of all attached probes.
func (e *exporter) points() []string {
	var all []string
	for _, s := range e.Status() {
		if s.State == bpf.Attached {
			all = append(all, s.Points...)
		}
	}
	return all
}

// sleeps returns how many times the reader has slept, and so was woken: the
// voluntary context switches of its thread.
func (e *exporter) sleeps() (uint64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/status", e.reader))
	if err != nil {
		return 0, err
	}
	_, after, _ := bytes.Cut(status, []byte("\nvoluntary_ctxt_switches:\t"))
	count, _, _ := bytes.Cut(after, []byte("\n"))
	return strconv.ParseUint(string(count), 10, 64)
}

// allowed returns the mechanisms that this kernel allows, and the attach points
// of each. It calls refused for each mechanism that the kernel does not allow,
// and for each single probe.
func allowed(mechanisms []string, refused func(what string, err error)) (allowed []string, points map[string][]string) {
	points = map[string][]string{}
	for _, m := range mechanisms {
		progress("try %s", m)
		e, err := openExporter(m)
		if err != nil {
			refused(m, err)
			continue
		}
		missing := map[string]error{}
		if e.attached(func(probe string, err error) { missing[probe] = err }) > 0 {
			allowed, points[m] = append(allowed, m), e.points()
			for probe, err := range missing {
				refused(probe+" by "+m, err)
			}
		} else {
			refused(m, missing["mount"])
		}
		e.Close()
	}
	return allowed, points
}
