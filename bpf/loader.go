package bpf

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"container_start_exporter/internal/proc"
)

// loader loads programs: many at once, which is three times as fast as one by
// one, or one by one if the kernel rejects some.
type loader struct {
	spec     *ebpf.CollectionSpec
	types    *btf.Cache // the kernel's BTF: slow to read
	twins    preemption // which programs are loaded and attached twice
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program // by instance.name
	failed   map[string]error         // rejected by the kernel although it has the function

	// btfMu is held for writing by a load that searches the BTF of modules:
	// that also writes to the kernel's BTF (the btf package of ebpf 0.22).
	btfMu sync.RWMutex

	mu     sync.RWMutex
	closed bool
}

// newLoader creates the maps.
func newLoader(o Options, types *btf.Cache) (*loader, error) {
	spec, err := loadProbes()
	if err != nil {
		return nil, err
	}
	spec.Maps[probesMapEvents].MaxEntries = uint32(o.BufferSize)
	twins, pids := preempts(), proc.PIDNamespace()
	for name, value := range map[string]any{
		probesVarWakeupBytes:     uint64(o.BufferSize / 16),
		probesVarNestedBytes:     uint64(o.BufferSize / 2),
		probesVarHostPidNs:       pids,
		probesVarInNode:          pids != 0 && !proc.IsInitial(pids),
		probesVarWantedVariables: wantedVariables(),
		probesVarTwinFentry:      twins.functions,
		probesVarTwinTracepoints: twins.tracepoints,
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
	if !twins.tracepoints {
		spec.Maps[probesMapTwinTokens].MaxEntries = 1 // not used
	}

	c, err := ebpf.NewCollection(&ebpf.CollectionSpec{
		Maps: spec.Maps, Variables: spec.Variables, Types: spec.Types, ByteOrder: spec.ByteOrder,
	})
	if err != nil {
		return nil, err
	}
	return &loader{
		spec: spec, types: types, twins: twins, maps: c.Maps,
		programs: map[string]*ebpf.Program{}, failed: map[string]error{},
	}, nil
}

// instance is a program of the object as it is loaded for an attach point.
type instance struct {
	attachPoint
	second bool // of twins: see c/twin.h
}

// instances returns the instances of points, in their order.
func (l *loader) instances(points ...attachPoint) []instance {
	var all []instance
	for _, p := range points {
		all = append(all, instance{attachPoint: p})
		if p.usesFentry() && l.twins.functions || p.kind == mechanismBTF && l.twins.tracepoints {
			all = append(all, instance{attachPoint: p, second: true})
		}
	}
	return all
}

// usesFentry reports whether a point is attached by fentry or fexit.
func (p attachPoint) usesFentry() bool { return p.kind == "fentry" || p.kind == "fexit" }

// name identifies a loaded program: fentry and fexit load one for each function,
// the others share one.
func (i instance) name() string {
	name := i.program
	if i.usesFentry() {
		name += "/" + i.at
	}
	if i.second {
		name += "/second"
	}
	return name
}

func (l *loader) programSpec(i instance) *ebpf.ProgramSpec {
	spec := l.spec.Programs[i.program].Copy()
	if i.usesFentry() {
		spec.AttachTo = i.at
	}
	return spec
}

// notLoaded returns the specs of the instances that are not loaded, by name, and
// an error if one of the instances has failed to load before.
func (l *loader) notLoaded(instances []instance) (map[string]*ebpf.ProgramSpec, error) {
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

// size returns the size of a program, in instructions.
func (l *loader) size(i instance) int { return len(l.spec.Programs[i.program].Instructions) }

// lockBTF locks the BTF for loading instances, and returns the function that
// unlocks it.
func (l *loader) lockBTF(instances []instance) func() {
	if l.searchesModuleBTF(instances) {
		l.btfMu.Lock()
		return l.btfMu.Unlock
	}
	l.btfMu.RLock()
	return l.btfMu.RUnlock
}

// searchesModuleBTF reports whether loading instances searches the BTF of
// modules: for a function that is not in vmlinux or, before 6.2, for
// bpf_rdonly_cast, which programs call.
func (l *loader) searchesModuleBTF(instances []instance) bool {
	l.btfMu.RLock()
	defer l.btfMu.RUnlock()
	return !l.inKernelBTF("bpf_rdonly_cast") || slices.ContainsFunc(instances, l.needsModuleBTF)
}

// inKernelBTF reports whether a function is in the BTF of vmlinux, not of a
// module.
func (l *loader) inKernelBTF(function string) bool {
	var f *btf.Func
	kernel, err := l.types.Kernel()
	return err == nil && kernel.TypeByName(function, &f) == nil
}

// needsModuleBTF reports whether an instance attaches by the BTF of a function
// that is not in vmlinux: it may be in a module.
func (l *loader) needsModuleBTF(i instance) bool { return i.usesFentry() && !l.inKernelBTF(i.at) }

// load loads those of the instances that are not loaded yet, all or none. It
// remembers the failure of a single one, unless its function is absent.
func (l *loader) load(instances ...instance) error {
	specs, err := l.notLoaded(instances)
	if err != nil || len(specs) == 0 {
		return err
	}
	defer l.lockBTF(instances)()
	c, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{
		Maps: l.spec.Maps, Programs: specs, Types: l.spec.Types, ByteOrder: l.spec.ByteOrder,
	}, ebpf.CollectionOptions{MapReplacements: l.maps, Cache: l.types})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if len(specs) == 1 && !isAbsent(err) { // if absent, its module may be loaded later
			for name := range specs { // not instances[0]: that may be loaded already
				l.failed[name] = err
			}
		}
		return err
	}
	defer c.Close()
	for name := range specs {
		if l.programs[name] == nil { // else a concurrent load was faster
			l.programs[name] = c.DetachProgram(name)
		}
	}
	return nil
}

// program returns the program of an instance, nil if it is not loaded.
func (l *loader) program(i instance) *ebpf.Program {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.programs[i.name()]
}

// ifOpen calls f unless the programs and maps are closed. They are not closed
// while f runs.
func (l *loader) ifOpen(f func()) {
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

// iterate runs an iterator and returns what it wrote.
func (l *loader) iterate(p attachPoint) ([]byte, error) {
	i := instance{attachPoint: p}
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
