package bpf

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// loader loads programs: all together, which is three times as fast as one by
// one, or, where the kernel does not take one, those that it takes.
type loader struct {
	spec     *ebpf.CollectionSpec
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program

	mu     sync.RWMutex
	closed bool
}

func newLoader(o Options) (*loader, error) {
	spec, err := loadProbes()
	if err != nil {
		return nil, err
	}
	spec.Maps[probesMapEvents].MaxEntries = uint32(o.BufferSize)
	if err := spec.Variables[probesVarWakeupBytes].Set(uint64(o.BufferSize / 16)); err != nil {
		return nil, fmt.Errorf("set %s: %w", probesVarWakeupBytes, err)
	}
	if c, err := ebpf.NewCollection(spec); err == nil {
		return &loader{spec: spec, maps: c.Maps, programs: c.Programs}, nil
	}
	maps := spec.Copy()
	clear(maps.Programs)
	c, err := ebpf.NewCollection(maps)
	if err != nil {
		return nil, err
	}
	return &loader{spec: spec, maps: c.Maps, programs: map[string]*ebpf.Program{}}, nil
}

// load returns the program of that name, which it loads once.
func (l *loader) load(name string) (*ebpf.Program, error) {
	if p := l.programs[name]; p != nil {
		return p, nil
	}
	one := l.spec.Copy()
	clear(one.Programs)
	one.Programs[name] = l.spec.Programs[name].Copy()
	c, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{MapReplacements: l.maps})
	if err != nil {
		return nil, err
	}
	p := c.DetachProgram(name)
	c.Close()
	l.programs[name] = p
	return p, nil
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

// attach attaches one probe; the iterator is run instead.
func (l *loader) attach(p probe) ([]link.Link, error) {
	switch p.mechanism {
	case mechanismBTF:
		return l.attachBTF(p)
	case mechanismTracepoint:
		return l.attachSyscall(p)
	}
	_, err := l.load(p.program)
	return nil, err
}

func (l *loader) attachBTF(p probe) ([]link.Link, error) {
	program, err := l.load(p.program)
	if err != nil {
		return nil, err
	}
	at, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err != nil {
		return nil, err
	}
	return []link.Link{at}, nil
}

// attachSyscall attaches to the exit first: a call that was seen to begin is
// then seen to end.
func (l *loader) attachSyscall(p probe) (links []link.Link, err error) {
	defer func() {
		if err != nil {
			closeAll(links)
			links = nil
		}
	}()
	for _, side := range []struct{ event, program string }{
		{"sys_exit_" + p.name, p.exit}, {"sys_enter_" + p.name, p.enter},
	} {
		if side.program == "" {
			continue
		}
		program, err := l.load(side.program)
		if err != nil {
			return links, err
		}
		at, err := link.Tracepoint("syscalls", side.event, program, nil)
		if err != nil {
			return links, err
		}
		links = append(links, at)
	}
	return links, nil
}

// iterate runs the task iterator and returns what it wrote.
func (l *loader) iterate(p probe) ([]byte, error) {
	program, err := l.load(p.program)
	if err != nil {
		return nil, err
	}
	at, err := link.AttachIter(link.IterOptions{Program: program})
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
