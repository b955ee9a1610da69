package bpf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// errAbsent is why a hook is not attached that came with a later kernel.
var errAbsent = errors.New("this kernel has none")

// errTax is why no tracepoint of a system call is attached where there is
// another mechanism: it would slow every system call on the host.
var errTax = errors.New("would slow every system call: only where it is asked for")

// errNoWay is why a hook is not attached that the mechanism asked for has not.
var errNoWay = errors.New("cannot be had by this mechanism")

// loader loads programs: all together, which is three times as fast as one by
// one, or, where the kernel does not take one, those that it takes.
type loader struct {
	spec     *ebpf.CollectionSpec
	types    *btf.Cache // the kernel's: to read them takes long
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program // by loaded
	failed   map[string]error         // those that the kernel does not take

	mu     sync.RWMutex
	closed bool
}

// newLoader makes the maps.
func newLoader(o Options) (*loader, error) {
	types := btf.NewCache()
	go func() { _, _ = types.Kernel() }() // whoever needs them waits
	spec, err := loadProbes()
	if err != nil {
		return nil, err
	}
	spec.Maps[probesMapEvents].MaxEntries = uint32(o.BufferSize)
	if err := spec.Variables[probesVarWakeupBytes].Set(uint64(o.BufferSize / 16)); err != nil {
		return nil, fmt.Errorf("set %s: %w", probesVarWakeupBytes, err)
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, err
	}
	scratches := uint32(max(64, 2*cpus))
	spec.Maps[probesMapScratches].MaxEntries = scratches
	spec.Maps[probesMapFreeScratches].MaxEntries = scratches

	maps := spec.Copy()
	clear(maps.Programs)
	_ = rlimit.RemoveMemlock() // before 5.11; where it may not be, loading tells
	c, err := ebpf.NewCollection(maps)
	if err != nil {
		return nil, err
	}
	l := &loader{spec: spec, types: types, maps: c.Maps, programs: map[string]*ebpf.Program{}, failed: map[string]error{}}
	for number := range scratches {
		if err := l.maps[probesMapFreeScratches].Update(nil, number, ebpf.UpdateAny); err != nil {
			l.close()
			return nil, fmt.Errorf("fill %s: %w", probesMapFreeScratches, err)
		}
	}
	return l, nil
}

// loaded is what a program of the object is called once it is loaded: that of
// a fentry or a fexit is loaded anew for each function.
func (p point) loaded() string {
	if p.kind == "fentry" || p.kind == "fexit" {
		return p.program + "/" + p.at
	}
	return p.program
}

// programSpec is the program of a point.
func (l *loader) programSpec(p point) *ebpf.ProgramSpec {
	spec := l.spec.Programs[p.program].Copy()
	if p.kind == "fentry" || p.kind == "fexit" {
		spec.AttachTo = p.at
	}
	return spec
}

// lacking are the programs of points that are not loaded; an error, if one of
// them could not be.
func (l *loader) lacking(points []point) (*ebpf.CollectionSpec, error) {
	spec := l.spec.Copy()
	clear(spec.Programs)
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range points {
		name := p.loaded()
		if err := l.failed[name]; err != nil {
			return nil, err
		}
		if l.programs[name] == nil {
			spec.Programs[name] = l.programSpec(p)
		}
	}
	return spec, nil
}

// size is that of a point's program, in instructions.
func (l *loader) size(p point) int { return len(l.spec.Programs[p.program].Instructions) }

// load loads programs at once, unless they are.
func (l *loader) load(points ...point) error {
	spec, err := l.lacking(points)
	if err != nil || len(spec.Programs) == 0 {
		return err
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: l.maps, Cache: l.types})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if len(spec.Programs) == 1 {
			l.failed[points[0].loaded()] = err
		}
		return err
	}
	defer c.Close()
	for name := range spec.Programs {
		if l.programs[name] == nil { // else another was faster
			l.programs[name] = c.DetachProgram(name)
		}
	}
	return nil
}

// program is that of a point, which is loaded.
func (l *loader) program(p point) *ebpf.Program {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.programs[p.loaded()]
}

// use calls f, unless the programs and maps are closed: they may not be while
// they are used.
func (l *loader) use(f func()) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.closed {
		f()
	}
}

func (l *loader) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, p := range l.programs {
		p.Close()
	}
	for _, m := range l.maps {
		m.Close()
	}
}

// attach attaches all points of a way, or none.
func (l *loader) attach(w way) (links []link.Link, err error) {
	for _, p := range w.points {
		if err := l.load(p); err != nil {
			return nil, err
		}
	}
	for _, p := range w.points {
		at, err := l.attachPoint(p)
		if err != nil {
			closeAll(links)
			return nil, err
		}
		links = append(links, at)
	}
	return links, nil
}

func (l *loader) attachPoint(p point) (link.Link, error) {
	program := l.program(p)
	switch p.kind {
	case "kprobe":
		return link.Kprobe(p.at, program, nil)
	case "kretprobe":
		return kretprobe(p.at, program)
	case "tracepoint":
		group, event := path.Split(p.at)
		return link.Tracepoint(path.Clean(group), event, program, nil)
	}
	return link.AttachTracing(link.TracingOptions{Program: program})
}

// maxActive is in how many threads at once a function is seen to return; by
// itself the kernel takes two or so for each CPU, too few for calls that sleep.
const maxActive = 1024

// kretprobe needs tracefs to say maxActive, and does without it where that
// may not be written.
func kretprobe(function string, program *ebpf.Program) (link.Link, error) {
	at, err := link.Kretprobe(function, program, &link.KprobeOptions{RetprobeMaxActive: maxActive})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return link.Kretprobe(function, program, nil)
	}
	return at, err
}

// iterate runs the task iterator and returns what it wrote.
func (l *loader) iterate(p point) ([]byte, error) {
	if err := l.load(p); err != nil {
		return nil, err
	}
	at, err := link.AttachIter(link.IterOptions{Program: l.program(p)})
	if err != nil {
		return nil, err
	}
	defer at.Close()
	r, err := at.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// closeAll detaches at once what can be: each waits for a grace period of RCU.
func closeAll(links []link.Link) error {
	errs := make([]error, len(links))
	var all sync.WaitGroup
	for i, l := range links {
		all.Go(func() { errs[i] = l.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// moduleMissing says that a kernel module is not there now.
func moduleMissing(name string) bool {
	_, err := os.Stat("/sys/module/" + name)
	return errors.Is(err, fs.ErrNotExist)
}
