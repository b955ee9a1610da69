package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// Errors as the kernel and the ebpf library return them.
var (
	notInBTF  = fmt.Errorf("fentry f: %w", ebpf.ErrNotSupported)
	noSymbol  = fmt.Errorf("token f: not found: %w", unix.ENOENT)
	forbidden = fmt.Errorf("token f: opening perf event: %w", unix.EACCES)
)

// A module that every kernel has, and one that no kernel has.
const moduleHere, moduleNowhere = "kernel", "cse"

// fakeAttacher returns an attacher that attaches nothing. It returns the error for
// the mechanism of a plan, if there is one.
func fakeAttacher(mechanism string, sysAdmin bool, errs map[string]error) *attacher {
	return &attacher{mechanism: mechanism, sysAdmin: sysAdmin, tryPlan: func(plan attachPlan) ([]link.Link, error) {
		return make([]link.Link, len(plan.points)), errs[plan.mechanism]
	}}
}

func TestWhyNotAttached(t *testing.T) {
	inModule := func(module string) probe {
		p := function("f", "f", "f", "")
		p.module = module
		return p
	}
	rejecting := func(a *attacher, rejected map[string]error) *attacher {
		a.rejected = rejected
		return a
	}
	rejectedBoth := map[string]error{
		MechanismFentry: fmt.Errorf("not supported by this kernel: %w", unix.EPERM),
		MechanismKprobe: fmt.Errorf("not supported by this kernel: %w", unix.ENOENT),
	}
	for name, tc := range map[string]struct {
		a         *attacher
		p         probe
		mechanism string
		waiting   bool
		is, isNot error
	}{
		"no such system call": {
			a: rejecting(fakeAttacher(MechanismAuto, false, map[string]error{"fentry": notInBTF, "kprobe": noSymbol}),
				map[string]error{MechanismTracepoint: errSyscallOverhead}),
			p: systemCall("f", "mount", ""), mechanism: "kprobe", is: ErrAbsent,
		},
		"module is not loaded": {
			a: fakeAttacher(MechanismAuto, true, map[string]error{"fentry": notInBTF, "kprobe": noSymbol}),
			p: inModule(moduleNowhere), mechanism: "kprobe", waiting: true, isNot: ErrAbsent,
		},
		"module is not loaded, its BTF is hidden": {
			a: fakeAttacher(MechanismAuto, false, map[string]error{"fentry": notInBTF, "kprobe": noSymbol}),
			p: inModule(moduleNowhere), mechanism: "kprobe", waiting: true, is: errModuleBTFHidden,
		},
		"module BTF is hidden, perf events are forbidden": {
			a: fakeAttacher(MechanismAuto, false, map[string]error{"fentry": notInBTF, "kprobe": forbidden}),
			p: inModule(moduleNowhere), mechanism: "kprobe", is: fs.ErrPermission, isNot: ErrAbsent,
		},
		"fentry requested, module BTF is hidden": {
			a: rejecting(fakeAttacher(MechanismFentry, false, map[string]error{"fentry": notInBTF}),
				map[string]error{MechanismKprobe: errMechanismUnavailable}),
			p: inModule(moduleNowhere), mechanism: "fentry", is: errModuleBTFHidden, isNot: ErrAbsent,
		},
		"fentry requested, not supported by the kernel": {
			a: rejecting(fakeAttacher(MechanismFentry, true, nil), map[string]error{
				MechanismFentry: rejectedBoth[MechanismFentry], MechanismKprobe: errMechanismUnavailable, MechanismTracepoint: errMechanismUnavailable}),
			p: systemCall("f", "mount", ""), mechanism: "fentry", is: unix.EPERM, isNot: ErrAbsent,
		},
		"tracepoints requested, the probe has only functions": {
			a: rejecting(fakeAttacher(MechanismTracepoint, true, nil), map[string]error{
				MechanismFentry: errMechanismUnavailable, MechanismKprobe: errMechanismUnavailable}),
			p: inModule(moduleHere), mechanism: "tracepoint", is: errMechanismUnavailable, isNot: ErrAbsent,
		},
		"the kernel supports neither fentry nor kprobes": {
			a: rejecting(fakeAttacher(MechanismAuto, true, nil), rejectedBoth),
			p: inModule(moduleHere), mechanism: "kprobe", is: ErrAbsent,
		},
		"a privilege may be missing": {
			a: rejecting(fakeAttacher(MechanismAuto, false, nil), rejectedBoth),
			p: inModule(moduleHere), mechanism: "kprobe", is: fs.ErrPermission, isNot: ErrAbsent,
		},
		"tracefs is missing": {
			a: rejecting(fakeAttacher(MechanismAuto, true, nil), map[string]error{MechanismFentry: rejectedBoth[MechanismFentry],
				MechanismKprobe: rejectedBoth[MechanismKprobe], MechanismTracepoint: ErrNoTracefs}),
			p: systemCall("f", "mount", ""), mechanism: "tracepoint", is: ErrNoTracefs, isNot: ErrAbsent,
		},
	} {
		h, _ := tc.a.attach(tc.p)
		if h.Attached || h.Mechanism != tc.mechanism || h.Waiting != tc.waiting {
			t.Errorf("%s: %+v", name, h)
		}
		if h.Err == nil || tc.is != nil && !errors.Is(h.Err, tc.is) || tc.isNot != nil && errors.Is(h.Err, tc.isNot) {
			t.Errorf("%s: %v", name, h.Err)
		}
	}
}

// TestNarrow attaches a kretprobe with maxActive and one without, which Points
// and Narrow report.
func TestNarrow(t *testing.T) {
	a := fakeAttacher(MechanismKprobe, true, nil)
	a.rejected = map[string]error{MechanismFentry: errMechanismUnavailable}
	p := systemCall("f", "mount", "")
	if h, _ := a.attach(p); !h.Attached || h.Narrow() {
		t.Errorf("with maxActive: %+v", h)
	}
	a.tryPlan = func(attachPlan) ([]link.Link, error) { return []link.Link{limitedMaxActive{}, nil}, nil }
	h, _ := a.attach(p)
	want := []string{"kretprobe:" + syscallFunction("f") + " (few at once)", "kprobe:" + syscallFunction("f")}
	if !h.Narrow() || !slices.Equal(h.Points, want) {
		t.Errorf("without maxActive: %q", h.Points)
	}
}

// TestNoFunction checks the errors that kernels return for a kretprobe of a
// function that does not exist.
func TestNoFunction(t *testing.T) {
	for _, errno := range []unix.Errno{unix.ENOENT, unix.EINVAL} {
		if err := noFunction(fmt.Errorf("opening perf event: %w", errno)); !isAbsent(err) || cause(err) != errno {
			t.Errorf("%v", err)
		}
	}
	if isAbsent(noFunction(forbidden)) {
		t.Error("a forbidden function is reported as absent")
	}
}

// TestAttachLate attaches a probe whose module is loaded, in synthetic time. Its
// functions can be attached at once, after a while, or never.
func TestAttachLate(t *testing.T) {
	p := function("f", "f", "", "")
	p.module = moduleHere
	for name, after := range map[string]time.Duration{
		"at once": 0, "soon": moduleGrace / 2, "never": 1000 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			late := &Probes{closed: make(chan struct{}), hooks: []Hook{{Name: "f", Waiting: true, Err: noSymbol}}}
			a := fakeAttacher(MechanismAuto, true, nil)
			a.tryPlan = func(attachPlan) ([]link.Link, error) {
				if h := late.Hooks()[0]; !h.Waiting {
					t.Errorf("%s: tried although not waiting: %+v", name, h)
				}
				if time.Since(begin) < after {
					return nil, forbidden
				}
				return make([]link.Link, 1), nil
			}
			late.attachLate(a, []probe{p})
			h, took := late.Hooks()[0], time.Since(begin)
			if h.Waiting || h.Attached != (h.Err == nil) || h.Attached != (after < moduleGrace) {
				t.Errorf("%s: %+v", name, h)
			}
			if took > min(after, moduleGrace)+2*moduleTick || !h.Attached && !errors.Is(h.Err, fs.ErrPermission) {
				t.Errorf("%s: took %v, %v", name, took, h.Err)
			}
		})
	}
}

// TestWaitsForModule checks that a probe of a module that is not loaded is not
// tried, and that the wait ends when the probes are closed.
func TestWaitsForModule(t *testing.T) {
	p := function("f", "f", "", "")
	p.module = moduleNowhere
	synctest.Test(t, func(t *testing.T) {
		late := &Probes{closed: make(chan struct{}), hooks: []Hook{{Name: "f", Waiting: true}}}
		a := fakeAttacher(MechanismAuto, true, nil)
		a.tryPlan = func(attachPlan) ([]link.Link, error) {
			t.Error("tried although the module is not loaded")
			return nil, noSymbol
		}
		late.late.Go(func() { late.attachLate(a, []probe{p}) })
		time.Sleep(time.Hour)
		close(late.closed)
		late.late.Wait()
		if !late.Hooks()[0].Waiting {
			t.Error("does not wait any more")
		}
	})
}

// TestModuleLoadedLater opens probes while veth is not loaded, and then loads it.
// It comes before the tests that need veth. On the kernels that are booted for
// it, CSE_MODULE_VETH is the path of the module's file.
func TestModuleLoadedLater(t *testing.T) {
	needRoot(t)
	module := os.Getenv("CSE_MODULE_VETH")
	if module == "" {
		t.Skip("needs CSE_MODULE_VETH, the file of a module that is not loaded: make test-kernels")
	}
	w := watchAlone(t, Options{Names: []string{"cse-late"}})
	before := w.vethHooks()
	if err := loadModule(module); err != nil {
		t.Fatal(err)
	}
	for _, h := range before {
		if h.Attached || h.Waiting != w.usesFunctions() {
			t.Fatalf("before its module is loaded: %+v", h)
		}
	}
	if !w.usesFunctions() || *mechanism == MechanismFentry && !modulesHaveBTF() {
		return // neither by tracepoints, nor by fentry if modules have no BTF
	}
	for deadline := time.Now().Add(time.Minute); !w.attached("veth_newlink") || !w.attached("veth_dellink"); {
		if time.Now().After(deadline) {
			t.Fatalf("after its module was loaded: %+v", w.vethHooks())
		}
		time.Sleep(moduleTick)
	}
	for _, h := range w.vethHooks() {
		if *mechanism == MechanismAuto && modulesHaveBTF() && h.Mechanism != MechanismFentry {
			t.Errorf("%s is attached by %s: %v", h.Name, h.Mechanism, h.Err)
		}
	}
	play(t, "cse-late", "veth")
	w.one(event.KindVethNewlink, func(e *event.Event) bool { return e.Name == "cse-host" })
}

func (p *Probes) vethHooks() (hooks []Hook) {
	for _, h := range p.Hooks() {
		if h.Name == "veth_newlink" || h.Name == "veth_dellink" {
			hooks = append(hooks, h)
		}
	}
	return hooks
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}
