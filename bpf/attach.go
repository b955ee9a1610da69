package bpf

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// moduleTick is how often is looked whether a module was loaded.
const moduleTick = 100 * time.Millisecond

// attacher attaches probes by the best mechanism that the kernel takes.
type attacher struct {
	loader *loader
	refuse map[string]error // mechanisms that cannot be used, and why
	// oneThread says that no other thread than the caller's sees tracefs.
	oneThread bool
}

// newAttacher tries what the kernel takes; noTracefs is why there is no
// tracefs, without which no tracepoint of a system call is found.
func newAttacher(l *loader, mechanism string, noTracefs error) *attacher {
	a := &attacher{loader: l, refuse: map[string]error{}}
	for _, m := range Mechanisms[1:] {
		if mechanism != MechanismAuto && mechanism != m {
			a.refuse[m] = errNoWay
		}
	}
	if noTracefs != nil && a.allows(MechanismTracepoint) {
		a.refuse[MechanismTracepoint] = noTracefs
	}
	for _, w := range systemCall("chroot", "mount", "").ways[:2] {
		if !a.allows(w.mechanism) {
			continue
		}
		err := a.try(w)
		if err == nil && mechanism == MechanismAuto {
			a.refuse[MechanismTracepoint] = errTax
		}
		if err == nil {
			break // the next is for functions that this cannot have
		}
		a.refuse[w.mechanism] = fmt.Errorf("not with this kernel: %w", cause(err))
	}
	return a
}

// cause is what the kernel said, without what led to it.
func cause(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

func (a *attacher) allows(mechanism string) bool { return a.refuse[mechanism] == nil }

// try attaches the entry of a way, and detaches it.
func (a *attacher) try(w way) error {
	w.points = w.points[len(w.points)-1:]
	links, err := a.loader.attach(w)
	return errors.Join(err, closeAll(links))
}

// ways are those of a probe's that can be used.
func (a *attacher) ways(p probe) []way {
	var usable []way
	for _, w := range p.ways {
		if a.allows(w.mechanism) {
			usable = append(usable, w)
		}
	}
	return usable
}

// loadAll loads what will be attached, if all goes well: together that is
// faster than one by one, and some at once with others, as the verifier takes
// most of the time. What fails is found when it is attached.
func (a *attacher) loadAll(probes []probe) {
	var all []instance
	for _, p := range probes {
		if ways := a.ways(p); len(ways) > 0 && p.module == "" {
			all = append(all, a.loader.instances(ways[0].points...)...)
		}
	}
	// programs of like size lie together: deal them out
	slices.SortFunc(all, func(i, j instance) int {
		return cmp.Or(a.loader.size(j)-a.loader.size(i), strings.Compare(i.name(), j.name()))
	})
	all = slices.CompactFunc(all, func(i, j instance) bool { return i.name() == j.name() })
	hands := make([][]instance, min(runtime.GOMAXPROCS(0), 4))
	for n, i := range all {
		hands[n%len(hands)] = append(hands[n%len(hands)], i)
	}
	var loading sync.WaitGroup
	for _, hand := range hands {
		loading.Go(func() { _ = a.loader.load(hand...) })
	}
	loading.Wait()
}

// attach attaches a probe and tells how it went.
func (a *attacher) attach(p probe) (Hook, []link.Link) {
	h := Hook{Name: p.name, Feeds: p.feeds, Mechanism: p.ways[len(p.ways)-1].mechanism}
	absent, tried := 0, a.ways(p)
	for _, w := range tried {
		links, err := a.loader.attach(w)
		if err == nil {
			h.Attached, h.Err, h.Mechanism = true, nil, w.mechanism
			h.unseen = unseen(w)
			for _, at := range w.points {
				h.Points = append(h.Points, at.String())
			}
			return h, links
		}
		if isAbsent(err) {
			absent++
		}
		h.Mechanism, h.Err = w.mechanism, errors.Join(h.Err, fmt.Errorf("%s: %w", w.mechanism, err))
	}
	switch {
	case len(tried) == 0:
		h.Err = a.refused(p)
	case p.module != "":
		h.Waiting = absent > 0 && moduleMissing(p.module)
	case absent == len(tried):
		h.Err = errAbsent
	}
	return h, nil
}

// isAbsent says that there is no such function: neither in the kernel's types,
// nor among its symbols.
func isAbsent(err error) bool {
	return errors.Is(err, btf.ErrNotFound) || errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, fs.ErrNotExist)
}

// refused is why there is no way to a probe that could be tried.
func (a *attacher) refused(p probe) error {
	var reasons []error
	for _, w := range p.ways {
		if err := a.refuse[w.mechanism]; !errors.Is(err, errNoWay) && !errors.Is(err, errTax) {
			reasons = append(reasons, fmt.Errorf("%s: %w", w.mechanism, err))
		}
	}
	if len(reasons) == 0 {
		return errNoWay
	}
	return errors.Join(reasons...)
}

// attach attaches all that is in the table.
func (p *Probes) attach(a *attacher) error {
	a.loadAll(probes)
	hooks, links := a.attachAll(probes)
	p.links = append(p.links, links...)
	p.hooks = append(p.hooks, hooks...)
	var waiting []probe
	for i, b := range probes {
		if h := hooks[i]; h.Err != nil && b.core {
			return fmt.Errorf("attach %s: %w", b.name, h.Err)
		} else if h.Waiting {
			waiting = append(waiting, b)
		}
	}
	if len(waiting) > 0 {
		p.late.Go(func() { p.attachLate(a, waiting) })
	}
	return nil
}

// attachAll attaches probes, all at the same time: before 5.12 each fentry
// waits for a grace period, which may take a second.
func (a *attacher) attachAll(probes []probe) ([]Hook, []link.Link) {
	hooks := make([]Hook, len(probes))
	links := make([][]link.Link, len(probes))
	var all sync.WaitGroup
	for i, b := range probes {
		attach := func() { hooks[i], links[i] = a.attach(b) }
		if a.oneThread && a.allows(MechanismTracepoint) {
			attach()
		} else {
			all.Go(attach)
		}
	}
	all.Wait()
	return hooks, slices.Concat(links...)
}

// attachLate attaches probes when the modules that they are in are loaded.
func (p *Probes) attachLate(a *attacher, waiting []probe) {
	ticker := time.NewTicker(moduleTick)
	defer ticker.Stop()
	for len(waiting) > 0 {
		select {
		case <-p.closed:
			return
		case <-ticker.C:
		}
		var still []probe
		for _, b := range waiting {
			if moduleMissing(b.module) || !p.attachNow(a, b) {
				still = append(still, b)
			}
		}
		waiting = still
	}
}

// attachNow attaches a probe that waited, and returns whether that is over: a
// module that is there may not be ready yet.
func (p *Probes) attachNow(a *attacher, b probe) bool {
	h, links := a.attach(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.hooks {
		if p.hooks[i].Name == b.name {
			p.hooks[i] = h
		}
	}
	p.links = append(p.links, links...)
	return h.Attached
}
