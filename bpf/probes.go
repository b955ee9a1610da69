package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"container_start_exporter/collector"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

// defaultBufferSize has room for twenty times what lay in it while 48 runtimes
// ran at once on two CPUs. Each record is written where none was for long: a
// larger buffer takes more of that from memory, not from a cache.
const defaultBufferSize = 2 << 20

// Options say what is watched. Names are base names of executables, at most 31
// bytes each, and both lists together 256.
type Options struct {
	Names      []string // engines, shims, monitors, plugins
	Runtimes   []string // OCI runtimes: their exec wakes the reader at once
	BufferSize int      // of the ring buffer, in bytes, a power of two; 0 is 2 MiB
	Mechanism  string   // one of Mechanisms; empty is MechanismAuto
}

// Probes are attached programs and the stream of events that they write.
type Probes struct {
	loader   *loader
	ring     *ringbuf.Reader
	lost     *ebpf.Memory // counters, mapped: to read them takes no privilege
	network  *linkSocket  // nil where there is none
	snapshot []*collector.Event

	received [kinds]atomic.Uint64
	bad      atomic.Uint64 // records that could not be decoded

	mu      sync.Mutex
	links   []link.Link
	hooks   []Hook
	waiting []chan struct{} // for the reader to have drained the buffer
	closed  chan struct{}
	once    sync.Once
	late    sync.WaitGroup // what is attached later
}

// Open loads and attaches the programs and finds what runs already. A hook
// that this kernel does not have is told by Hooks; only one that nothing works
// without is an error.
func Open(o Options) (*Probes, error) {
	if o.BufferSize == 0 {
		o.BufferSize = defaultBufferSize
	}
	if bits.OnesCount(uint(o.BufferSize)) != 1 || o.BufferSize < 1<<16 {
		return nil, fmt.Errorf("buffer size %d: must be a power of two of at least 64 KiB", o.BufferSize)
	}
	if o.Mechanism == "" {
		o.Mechanism = MechanismAuto
	}
	if !slices.Contains(Mechanisms, o.Mechanism) {
		return nil, fmt.Errorf("mechanism %q: must be one of %s", o.Mechanism, strings.Join(Mechanisms, ", "))
	}
	defer raiseMemlock()()
	// to describe the kernel's types takes a hundred thousand small objects,
	// which the garbage collector had better look at once, when that is over
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := &Probes{closed: make(chan struct{})}
	var err error
	withTracefs(func(oneThread bool, missing error) {
		err = p.open(o, oneThread, missing)
	})
	if err != nil {
		p.Close()
		return nil, explain(err)
	}
	return p, nil
}

// open opens what there is to open, in the thread that sees tracefs. What the
// kernel takes is tried while the programs are read.
func (p *Probes) open(o Options, oneThread bool, noTracefs error) (err error) {
	types := btf.NewCache()
	loaded := make(chan error)
	go func() {
		var err error
		p.loader, err = newLoader(o, types)
		loaded <- err
	}()
	a := newAttacher(types, o.Mechanism, noTracefs)
	a.oneThread = oneThread
	warm(types)
	if err := <-loaded; err != nil {
		return err
	}
	a.useLoader(p.loader)
	if p.ring, err = ringbuf.NewReader(p.loader.maps[probesMapEvents]); err != nil {
		return fmt.Errorf("open the ring buffer: %w", err)
	}
	if p.lost, err = p.loader.maps[probesMapLost].Memory(); err != nil {
		return fmt.Errorf("map the counters of lost events: %w", err)
	}
	p.openNetwork()
	if err := p.attach(a); err != nil {
		return err
	}
	// Names only now: what is recognised is then seen by every hook.
	if err := p.watch(o); err != nil {
		return err
	}
	// The last: what is executed meanwhile is seen by the hooks.
	h := p.findRunning()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = append(p.hooks, h)
	return nil
}

// warm looks up the type that nearly all others can be reached from: they are
// described then, which whoever is first would do, and others wait for.
func warm(types *btf.Cache) {
	if kernel, err := types.Kernel(); err == nil {
		var task *btf.Struct
		_ = kernel.TypeByName("task_struct", &task)
	}
}

// watch tells the programs the names of executables.
func (p *Probes) watch(o Options) error {
	var begin beginnings
	for class, names := range map[probesTaskClass][]string{
		probesTaskClassCLASS_ENGINE: o.Names, probesTaskClassCLASS_RUNTIME: o.Runtimes,
	} {
		for _, name := range names {
			key, err := keyOf(name)
			if err != nil {
				return err
			}
			if err := p.loader.maps[probesMapNames].Put(key, uint32(class)); err != nil {
				return fmt.Errorf("watch %s: %w", name, err)
			}
			begin.add(key)
		}
	}
	// not the whole of it: the programs write there, too
	filter, err := p.loader.maps[filterMap].Memory()
	if err == nil {
		_, err = filter.WriteAt(begin[:], 0)
	}
	if err != nil {
		return fmt.Errorf("write the filter: %w", err)
	}
	return nil
}

func (p *Probes) openNetwork() {
	h := Hook{Name: "RTNLGRP_LINK", Mechanism: mechanismNetlink, Feeds: "names and indexes of veths, and their end"}
	p.network, h.Err = newLinkSocket()
	h.Attached = h.Err == nil
	p.hooks = append(p.hooks, h)
}

func (p *Probes) findRunning() Hook {
	h := Hook{Name: running.at, Mechanism: mechanismIterator, Points: []string{running.String()},
		Feeds: "engines that ran before the exporter"}
	written, err := p.loader.iterate(running)
	if err == nil {
		p.snapshot, err = decodeRunning(written)
	}
	h.Attached, h.Err = err == nil, err
	return h
}

// Hooks tells what is attached, and why what is not is not. It changes when a
// module is loaded that was waited for.
func (p *Probes) Hooks() []Hook {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.hooks)
}

// Close detaches everything. A Read that runs returns.
func (p *Probes) Close() error {
	var err error
	p.once.Do(func() {
		err = p.closeRing()
		p.late.Wait()
		err = errors.Join(err, closeAll(p.links))
		if p.network != nil {
			err = errors.Join(err, p.network.close())
		}
		if p.loader != nil {
			p.loader.close()
		}
	})
	return err
}

func (p *Probes) closeRing() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.closed)
	if p.ring == nil {
		return nil
	}
	return p.ring.Close()
}

// explain says what to do about the one error that everybody meets.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no permission to load BPF programs: run as root, or with CAP_BPF and CAP_PERFMON; with these, a seccomp profile or a security module forbids bpf(2): %w", err)
	}
	return err
}
