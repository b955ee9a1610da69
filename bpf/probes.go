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

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"

	"container_start_exporter/collector/event"
)

// defaultBufferSize is twenty times the most bytes that waited in the buffer
// while 48 runtimes ran at once on two CPUs. Each record is written to the part
// that was unused for longest: the larger the buffer, the more of that is in
// memory, not in a CPU cache.
const defaultBufferSize = 2 << 20

// Options are what Open watches and how. Names, Shims, Runtimes and Plugins are base
// names of executables: at most 31 bytes each, at most 256 in all lists together. A
// version may follow each. A runtime may also be a part of a name, if "run" is in that
// (collector/argv).
type Options struct {
	Names    []string // engines
	Shims    []string // and monitors: what they execute is watched as a runtime
	Runtimes []string // OCI runtimes: their exec wakes the reader at once
	// Plugins are CNI plugins: watched, as all files in the usual directories of such
	// are, if they are executed with a plugin's environment.
	Plugins []string
	// InitNames are the names that a runtime's init gives itself: at most 15
	// bytes each, at most 64. The next program that it executes is the entrypoint.
	InitNames  []string
	BufferSize int    // of the ring buffer, in bytes: a power of two, at least 64 KiB; 0 is 2 MiB
	Mechanism  string // one of Mechanisms; empty is MechanismAuto
}

// Probes are attached programs and the stream of their events.
type Probes struct {
	loader   *loader
	ring     *ringbuf.Reader
	lost     *ebpf.Memory // counters, mapped: reading them needs no privilege
	origins  *ebpf.Memory // the same, of the containers that have lost events because of their quota
	network  *linkSocket  // nil if it could not be opened
	clock    *clockWatch  // nil if it could not be made
	snapshot []*event.Event

	received    [kinds]atomic.Uint64
	truncated   [kinds]atomic.Uint64
	undecodable atomic.Uint64 // records that could not be decoded

	mu     sync.Mutex
	links  []link.Link
	status []ProbeStatus
	drains []chan struct{} // closed when the reader has drained the buffer
	closed chan struct{}
	once   sync.Once
	late   sync.WaitGroup // of attachLate
}

// Open loads and attaches the programs, and finds the processes with a watched
// name that run already. The caller must Close the Probes.
//
// A probe that cannot be attached is not an error: Status returns why. Open
// returns an error, with nothing left attached, if
//   - an option is invalid;
//   - a privilege is missing: errors.Is(err, fs.ErrPermission);
//   - the kernel has no BTF: errors.Is(err, ErrNoBTF);
//   - the maps cannot be created, mapped or filled;
//   - task_newtask, sched_process_exec or sched_process_exit cannot be attached,
//     without which no start can be reported.
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
	// decoding the kernel's BTF allocates a hundred thousand small objects, which
	// the garbage collector should scan only once, when that is done
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := &Probes{closed: make(chan struct{})}
	var err error
	withTracefs(func(oneThread bool, missing error) {
		err = p.open(o, oneThread, missing)
	})
	if err != nil {
		p.Close()
		if isOutOfFiles(err) {
			return nil, tooFewFiles(err)
		}
		return nil, explain(err)
	}
	return p, nil
}

// open does what Open does, in the thread that sees tracefs. It tries which
// mechanisms the kernel accepts while the programs are read.
func (p *Probes) open(o Options, oneThread bool, noTracefs error) (err error) {
	types := btf.NewCache()
	loaded := make(chan error)
	go func() {
		var err error
		p.loader, err = newLoader(o, types)
		loaded <- err
	}()
	if err := readKernelTypes(types); err != nil {
		<-loaded
		return err
	}
	a := newAttacher(types, o.Mechanism, noTracefs)
	a.oneThread = oneThread
	preloadBTF(types)
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
	if p.origins, err = p.loader.maps[probesMapOrigins].Memory(); err != nil {
		return fmt.Errorf("map the counters of the quotas: %w", err)
	}
	p.openNetwork()
	p.clock, _ = newClockWatch() // without it the reader notices a step a little later
	if err := p.attach(a); err != nil {
		return err
	}
	// Only now: every probe then sees the processes that are recognised.
	if err := p.watchNames(o); err != nil {
		return err
	}
	// Last: the probes see what is executed meanwhile.
	s := p.findRunning()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = append(p.status, s)
	return nil
}

// preloadBTF looks up task_struct, and with it decodes nearly all types of the
// kernel, which are reachable from it. Otherwise the first load would decode
// them, and the loads in parallel with it would wait.
func preloadBTF(types *btf.Cache) {
	if kernel, err := types.Kernel(); err == nil {
		var task *btf.Struct
		_ = kernel.TypeByName("task_struct", &task)
	}
}

// watchNames passes the names of executables to the programs.
func (p *Probes) watchNames(o Options) error {
	var bloom nameFilter
	for _, list := range []struct {
		class probesTaskClass
		names []string
	}{
		{probesTaskClassCLASS_ENGINE, o.Names},
		{probesTaskClassCLASS_SHIM, o.Shims},
		{probesTaskClassCLASS_RUNTIME, o.Runtimes},
		{probesTaskClassCLASS_PLUGIN, o.Plugins},
	} {
		for _, name := range list.names {
			key, err := keyOf(name)
			if err != nil {
				return err
			}
			if err := p.loader.maps[probesMapNames].Put(key, uint32(list.class)); err != nil {
				return fmt.Errorf("watch %s: %w", name, err)
			}
			bloom.add(key)
		}
	}
	for _, name := range o.InitNames {
		key, err := commOf(name)
		if err != nil {
			return err
		}
		if err := p.loader.maps[probesMapInitNames].Put(key, uint8(1)); err != nil {
			return fmt.Errorf("watch for init %s: %w", name, err)
		}
	}
	// only this field of the filter: the programs write to the others
	filter, err := p.loader.maps[filterMap].Memory()
	if err == nil {
		_, err = filter.WriteAt(bloom[:], 0)
	}
	if err != nil {
		return fmt.Errorf("write the filter: %w", err)
	}
	return nil
}

func (p *Probes) openNetwork() {
	var err error
	p.network, err = newLinkSocket()
	s := ProbeStatus{Name: linkNotifications, Mechanism: mechanismNetlink, Impact: "names and indexes of veths, and their deletion"}
	p.status = append(p.status, s.after(err))
}

func (p *Probes) findRunning() ProbeStatus {
	s := ProbeStatus{Name: running.at, Mechanism: mechanismIterator, Impact: "engines that started before the exporter"}
	written, err := p.loader.iterate(running)
	if err == nil {
		p.snapshot, err = decodeRunning(written)
	}
	if err == nil {
		s.Points = []string{running.String()}
	}
	return s.after(err)
}

// Status returns the status of all probes: what is attached, and why the others
// are not. A status changes when a module is loaded that it waits for.
func (p *Probes) Status() []ProbeStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.status)
}

// Close detaches everything and ends a running Read and Drain. Only the first
// call does anything; it returns the errors of what could not be closed.
func (p *Probes) Close() error {
	var err error
	p.once.Do(func() {
		err = p.closeRing()
		p.late.Wait()
		err = errors.Join(err, closeAll(p.links))
		if p.network != nil {
			err = errors.Join(err, p.network.close())
		}
		p.clock.close()
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

// explain adds to a permission error, the most frequent one, what to do about it.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("no permission to load BPF programs: run as root, or with CAP_BPF and CAP_PERFMON; if these are effective, a seccomp profile or a security module forbids bpf(2): %w", err)
	}
	return err
}
