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

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// attacher attaches probes by the best mechanism that the kernel accepts.
type attacher struct {
	loader    *loader
	tryPlan   func(attachPlan) ([]link.Link, error) // loader.attach
	mechanism string                                // the one requested, or MechanismAuto
	rejected  map[string]Reason                     // mechanisms that cannot be used, and why
	// sysAdmin reports whether CAP_SYS_ADMIN is effective: neither bpf(2) nor
	// perf_event_open(2) fails for lack of a privilege then.
	sysAdmin bool
	// oneThread reports whether only the calling thread sees tracefs.
	oneThread bool
}

// newAttacher finds out which mechanisms the kernel accepts. noTracefs is why
// there is no tracefs, without which no tracepoint of a system call can be
// attached. Call useLoader before attaching.
func newAttacher(types *btf.Cache, mechanism string, noTracefs error) *attacher {
	a := &attacher{mechanism: mechanism, rejected: map[string]Reason{}, sysAdmin: hasSysAdmin()}
	for _, m := range Mechanisms[1:] {
		if mechanism != MechanismAuto && mechanism != m {
			a.reject(m, Reason{Obstacle: NotRequested})
		}
	}
	if noTracefs != nil && a.allows(MechanismTracepoint) {
		a.reject(MechanismTracepoint, noTracefs)
	}
	a.tryMechanisms(types)
	return a
}

func (a *attacher) useLoader(l *loader) { a.loader, a.tryPlan = l, l.attach }

func (a *attacher) reject(mechanism string, err error) {
	r := newReason(mechanism, err)
	r.untried = true
	a.rejected[mechanism] = r
}

func (a *attacher) allows(mechanism string) bool {
	_, rejected := a.rejected[mechanism]
	return !rejected
}

// usablePlans returns the plans of a probe whose mechanism is not rejected.
func (a *attacher) usablePlans(p probe) []attachPlan {
	var usable []attachPlan
	for _, plan := range p.plans {
		if a.allows(plan.mechanism) {
			usable = append(usable, plan)
		}
	}
	return usable
}

// loadAll loads the programs of each probe's best plan: in batches, which is
// faster than one by one, and the batches in parallel, as the verifier takes
// most of the time. It ignores errors: attach loads again what failed.
func (a *attacher) loadAll(probes []probe) {
	var all []instance
	for _, p := range probes {
		if plans := a.usablePlans(p); len(plans) > 0 && p.module == "" {
			all = append(all, a.loader.instances(plans[0].points...)...)
		}
	}
	// a collection fails as a whole: leave out programs that need module BTF
	all = slices.DeleteFunc(all, a.loader.needsModuleBTF)
	// sort by size and distribute in turn, so that the batches take equally long
	slices.SortFunc(all, func(i, j instance) int {
		return cmp.Or(a.loader.size(j)-a.loader.size(i), strings.Compare(i.name(), j.name()))
	})
	all = slices.CompactFunc(all, func(i, j instance) bool { return i.name() == j.name() })
	batches := make([][]instance, min(runtime.GOMAXPROCS(0), 4))
	for n, i := range all {
		batches[n%len(batches)] = append(batches[n%len(batches)], i)
	}
	var loading sync.WaitGroup
	for _, batch := range batches {
		loading.Go(func() { _ = a.loader.load(batch...) })
	}
	loading.Wait()
}

// attach attaches a probe by the first plan that works. It returns the status,
// and the links if it is attached.
func (a *attacher) attach(p probe) (ProbeStatus, []link.Link) {
	s := ProbeStatus{Name: p.name, Mechanism: a.fallback(p), Impact: p.impact, call: p.call}
	for _, plan := range p.plans {
		if r, rejected := a.rejected[plan.mechanism]; rejected {
			s.Reasons = append(s.Reasons, r)
			continue
		}
		s.Mechanism = plan.mechanism
		links, err := a.tryPlan(plan)
		if err == nil {
			s.State, s.Points, s.LimitedMaxActive, s.Reasons = Attached, plan.pointNames(), anyLimited(links), nil
			return s, links
		}
		s.Reasons = append(s.Reasons, a.reasonFor(p, plan.mechanism, err))
	}
	s.State = notAttachedState(p, s.Reasons)
	return s, nil
}

// reasonFor returns why a mechanism did not attach a probe. A function that fentry
// did not find may be in a module whose BTF is hidden.
func (a *attacher) reasonFor(p probe, mechanism string, err error) Reason {
	r := newReason(mechanism, err)
	if r.Obstacle == NotInKernel && p.module != "" && mechanism == MechanismFentry && !a.sysAdmin {
		r.Obstacle, r.Needs = ModuleBTFHidden, moduleBTFNeeds()
	}
	return r
}

// notAttachedState returns the state of a probe that is not attached.
func notAttachedState(p probe, reasons []Reason) State {
	tried := tried(reasons)
	switch {
	case len(tried) == 0 && areAll(reasons, NotSupported):
		return Absent
	case p.module == "" && areAll(tried, NotInKernel):
		return Absent
	case p.module != "" && isAny(tried, NotInKernel) && moduleMissing(p.module):
		return Waiting
	}
	return Failed
}

// fallback returns the mechanism to show for a probe that is not attached: the
// requested one if the probe has several, else its last.
func (a *attacher) fallback(p probe) string {
	if a.mechanism != MechanismAuto && len(p.plans) > 1 {
		return a.mechanism
	}
	return p.plans[len(p.plans)-1].mechanism
}

// pointNames returns the points of a plan, for ProbeStatus.Points.
func (plan attachPlan) pointNames() []string {
	var names []string
	for _, p := range plan.points {
		names = append(names, p.String())
	}
	return names
}

// anyLimited reports whether a link is a kretprobe with a limited maxactive.
func anyLimited(links []link.Link) bool {
	return slices.ContainsFunc(links, func(l link.Link) bool {
		_, is := l.(limitedMaxActive)
		return is
	})
}

// isAbsent reports whether err means that there is no such function, neither in
// the kernel's BTF nor among its symbols.
func isAbsent(err error) bool {
	return errors.Is(err, btf.ErrNotFound) || errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, fs.ErrNotExist)
}

// attach attaches all probes of the table. It returns an error if one of the
// core probes cannot be attached.
func (p *Probes) attach(a *attacher) error {
	a.loadAll(probes)
	status, links := a.attachAll(probes)
	p.links = append(p.links, links...)
	p.status = append(p.status, status...)
	var waiting []probe
	for i, b := range probes {
		if s := status[i]; isOutOfFiles(s.Err()) {
			return fmt.Errorf("attach %s: %w", b.name, s.Err())
		} else if s.State != Attached && b.core {
			return fmt.Errorf("attach %s: %w", b.name, s.Err())
		} else if s.State == Waiting {
			waiting = append(waiting, b)
		}
	}
	if len(waiting) > 0 {
		p.late.Go(func() { p.attachLate(a, waiting) })
	}
	return nil
}

// attachAll attaches probes in parallel: before 5.12 each fentry waits for an
// RCU grace period, which may take a second.
func (a *attacher) attachAll(probes []probe) ([]ProbeStatus, []link.Link) {
	status := make([]ProbeStatus, len(probes))
	links := make([][]link.Link, len(probes))
	var all sync.WaitGroup
	for i, b := range probes {
		attach := func() { status[i], links[i] = a.attach(b) }
		if a.oneThread && a.allows(MechanismTracepoint) {
			attach()
		} else {
			all.Go(attach)
		}
	}
	all.Wait()
	return status, slices.Concat(links...)
}
