package bpf

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// loader loads programs: all together, which is three times as fast as one by
// one, or, where the kernel does not take one, those that it takes.
type loader struct {
	spec     *ebpf.CollectionSpec
	types    *btf.Cache // the kernel's: to read them takes long
	paired   preemption // programs that are loaded and attached twice
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program // by instance.name
	failed   map[string]error         // those that the kernel does not take, though it has the function

	// searching is held for writing by who searches the types of modules:
	// that writes to the kernel's types, too (the btf package of ebpf 0.22).
	searching sync.RWMutex

	mu     sync.RWMutex
	closed bool
}

// newLoader makes the maps.
func newLoader(o Options, types *btf.Cache) (*loader, error) {
	spec, err := loadProbes()
	if err != nil {
		return nil, err
	}
	spec.Maps[probesMapEvents].MaxEntries = uint32(o.BufferSize)
	paired := preempts()
	for name, value := range map[string]any{
		probesVarWakeupBytes:     uint64(o.BufferSize / 16),
		probesVarTwinFentry:      paired.functions,
		probesVarTwinTracepoints: paired.tracepoints,
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
	}
	fold(spec)
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, err
	}
	spec.Maps[probesMapScratches].MaxEntries *= uint32(cpus)
	if !paired.tracepoints {
		spec.Maps[probesMapTwinTokens].MaxEntries = 1 // not used
	}

	c, err := ebpf.NewCollection(&ebpf.CollectionSpec{
		Maps: spec.Maps, Variables: spec.Variables, Types: spec.Types, ByteOrder: spec.ByteOrder,
	})
	if err != nil {
		return nil, err
	}
	return &loader{
		spec: spec, types: types, paired: paired, maps: c.Maps,
		programs: map[string]*ebpf.Program{}, failed: map[string]error{},
	}, nil
}

// instance is a program of the object as it is loaded for a point.
type instance struct {
	point
	second bool // of a pair: see c/twin.h
}

// instances are those of points, in their order.
func (l *loader) instances(points ...point) []instance {
	var all []instance
	for _, p := range points {
		all = append(all, instance{point: p})
		if p.traces() && l.paired.functions || p.kind == mechanismBTF && l.paired.tracepoints {
			all = append(all, instance{point: p, second: true})
		}
	}
	return all
}

// traces says that a point is the entry or the exit of a function by fentry.
func (p point) traces() bool { return p.kind == "fentry" || p.kind == "fexit" }

// name is the same for instances that are one: a program of fentry or fexit is
// loaded anew for each function.
func (i instance) name() string {
	name := i.program
	if i.traces() {
		name += "/" + i.at
	}
	if i.second {
		name += "/second"
	}
	return name
}

func (l *loader) programSpec(i instance) *ebpf.ProgramSpec {
	spec := l.spec.Programs[i.program].Copy()
	if i.traces() {
		spec.AttachTo = i.at
	}
	return spec
}

// lacking are those that are not loaded; an error, if one of them could not be.
func (l *loader) lacking(instances []instance) (map[string]*ebpf.ProgramSpec, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	specs := map[string]*ebpf.ProgramSpec{}
	for _, i := range instances {
		name := i.name()
		if err := l.failed[name]; err != nil {
			return nil, err
		}
		if l.programs[name] == nil {
			specs[name] = l.programSpec(i)
		}
	}
	return specs, nil
}

// size is that of a program, in instructions.
func (l *loader) size(i instance) int { return len(l.spec.Programs[i.program].Instructions) }

// search waits until programs can be loaded, and returns what ends that.
func (l *loader) search(instances []instance) func() {
	if l.searches(instances) {
		l.searching.Lock()
		return l.searching.Unlock
	}
	l.searching.RLock()
	return l.searching.RUnlock
}

// searches says that modules are searched to load programs: for a function
// that the kernel itself has not, or, before 6.2, for one that programs call.
func (l *loader) searches(instances []instance) bool {
	l.searching.RLock()
	defer l.searching.RUnlock()
	return !l.describes("bpf_rdonly_cast") || slices.ContainsFunc(instances, l.elsewhere)
}

// describes says that the kernel itself, not a module, has a function, and its
// type.
func (l *loader) describes(function string) bool {
	var f *btf.Func
	kernel, err := l.types.Kernel()
	return err == nil && kernel.TypeByName(function, &f) == nil
}

// elsewhere says that a program is for a function by its type, which the kernel
// itself has not: a module may.
func (l *loader) elsewhere(i instance) bool { return i.traces() && !l.describes(i.at) }

// load loads programs at once, unless they are.
func (l *loader) load(instances ...instance) error {
	specs, err := l.lacking(instances)
	if err != nil || len(specs) == 0 {
		return err
	}
	defer l.search(instances)()
	c, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps: l.spec.Maps, Programs: specs, Types: l.spec.Types, ByteOrder: l.spec.ByteOrder,
	}, ebpf.CollectionOptions{MapReplacements: l.maps, Cache: l.types})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if len(specs) == 1 && !isAbsent(err) { // else its module may come
			for name := range specs { // not instances[0]: that one may be loaded already
				l.failed[name] = err
			}
		}
		return err
	}
	defer c.Close()
	for name := range specs {
		if l.programs[name] == nil { // else another was faster
			l.programs[name] = c.DetachProgram(name)
		}
	}
	return nil
}

// program is that of an instance, which is loaded.
func (l *loader) program(i instance) *ebpf.Program {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.programs[i.name()]
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

// iterate runs the task iterator and returns what it wrote.
func (l *loader) iterate(p point) ([]byte, error) {
	i := instance{point: p}
	if err := l.load(i); err != nil {
		return nil, err
	}
	at, err := link.AttachIter(link.IterOptions{Program: l.program(i)})
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
