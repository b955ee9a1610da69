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
)

const (
	// moduleTick is how often is looked whether a module was loaded.
	moduleTick = 100 * time.Millisecond
	// moduleGrace is for how long a hook is tried once its module is there.
	moduleGrace = 10 * time.Second
)

// attacher attaches probes by the best mechanism that the kernel takes.
type attacher struct {
	loader    *loader
	attachWay func(way) ([]link.Link, error) // loader.attach
	mechanism string                         // asked for, or MechanismAuto
	refuse    map[string]error               // mechanisms that cannot be used, and why
	// sysAdmin says that CAP_SYS_ADMIN is effective: neither bpf(2) nor
	// perf_event_open(2) refuses for want of a privilege then.
	sysAdmin bool
	// oneThread says that no other thread than the caller's sees tracefs.
	oneThread bool
}

// newAttacher tries what the kernel takes; noTracefs is why there is no
// tracefs, without which no tracepoint of a system call is found. It attaches
// what a loader loads: see use.
func newAttacher(types *btf.Cache, mechanism string, noTracefs error) *attacher {
	a := &attacher{mechanism: mechanism, refuse: map[string]error{}, sysAdmin: sysAdmin()}
	for _, m := range Mechanisms[1:] {
		if mechanism != MechanismAuto && mechanism != m {
			a.refuse[m] = errNoWay
		}
	}
	if noTracefs != nil && a.allows(MechanismTracepoint) {
		a.refuse[MechanismTracepoint] = noTracefs
	}
	a.tryAll(types)
	return a
}

func (a *attacher) use(l *loader) { a.loader, a.attachWay = l, l.attach }

func (a *attacher) allows(mechanism string) bool { return a.refuse[mechanism] == nil }

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
	// one that cannot be loaded would keep all others of its hand from it
	all = slices.DeleteFunc(all, a.loader.elsewhere)
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
	h := Hook{Name: p.name, Feeds: p.feeds, Mechanism: a.resort(p)}
	absent, tried := 0, a.ways(p)
	for _, w := range tried {
		links, err := a.attachWay(w)
		if err == nil {
			h.Attached, h.Err, h.Mechanism, h.Points = true, nil, w.mechanism, where(w, links)
			return h, links
		}
		switch {
		case !isAbsent(err):
		case p.module != "" && w.mechanism == MechanismFentry && !a.sysAdmin:
			err = fmt.Errorf("%w: %w", err, errHidden)
		default:
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
		h.Err = ErrAbsent
	}
	return h, nil
}

// resort is the mechanism of a probe that is attached by none: the one that was
// asked for, where there is a choice, else the last.
func (a *attacher) resort(p probe) string {
	if a.mechanism != MechanismAuto && len(p.ways) > 1 {
		return a.mechanism
	}
	return p.ways[len(p.ways)-1].mechanism
}

// where are the points of a way that is attached, for Hook.Points. Only a
// kretprobe may be narrow, and that has one link.
func where(w way, links []link.Link) []string {
	var points []string
	for i, p := range w.points {
		at := p.String()
		if _, is := links[i].(narrow); is {
			at += narrowMark
		}
		points = append(points, at)
	}
	return points
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
	err := errors.Join(reasons...)
	switch {
	case err == nil:
		return errNoWay
	case a.mechanism != MechanismAuto, errors.Is(err, ErrNoTracefs), a.mayLack(err):
		return err // it may be had in another way
	}
	return fmt.Errorf("%w: %w", ErrAbsent, err)
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

// attachLate attaches probes when the modules that they are in are loaded. For a
// while they are tried again: what kept them from it may pass.
func (p *Probes) attachLate(a *attacher, waiting []probe) {
	ticker := time.NewTicker(moduleTick)
	defer ticker.Stop()
	since := map[string]time.Time{} // when modules were there first
	for len(waiting) > 0 {
		select {
		case <-p.closed:
			return
		case <-ticker.C:
		}
		waiting = slices.DeleteFunc(waiting, func(b probe) bool {
			if moduleMissing(b.module) {
				delete(since, b.module)
				return false
			}
			if since[b.module].IsZero() {
				since[b.module] = time.Now()
			}
			return p.attachNow(a, b, time.Since(since[b.module]) >= moduleGrace)
		})
	}
}

// attachNow attaches a probe that waited, and returns whether that is over: it
// is attached, or was tried for the last time.
func (p *Probes) attachNow(a *attacher, b probe, last bool) bool {
	h, links := a.attach(b)
	if !h.Attached && (!last || h.Waiting) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.hooks {
		if p.hooks[i].Name == b.name {
			p.hooks[i] = h
		}
	}
	p.links = append(p.links, links...)
	return true
}
