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
	errNotInBTF  = fmt.Errorf("fentry f: %w", ebpf.ErrNotSupported)
	errNoSymbol  = fmt.Errorf("token f: not found: %w", unix.ENOENT)
	errForbidden = fmt.Errorf("token f: opening perf event: %w", unix.EACCES)
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
		a.rejected = map[string]Reason{}
		for mechanism, err := range rejected {
			a.reject(mechanism, err)
		}
		return a
	}
	notRequested := Reason{Obstacle: NotRequested}
	noFentry := Reason{Obstacle: NotSupported, Err: unix.EPERM}
	noKprobe := Reason{Obstacle: NotSupported, Err: unix.ENOENT}
	for name, tc := range map[string]struct {
		a         *attacher
		p         probe
		mechanism string
		state     State
		obstacles []Obstacle // of each mechanism
		says      string
		is        error
	}{
		"no such system call": {
			a: rejecting(fakeAttacher(MechanismAuto, false, map[string]error{"fentry": errNotInBTF, "kprobe": errNoSymbol}),
				map[string]error{MechanismTracepoint: Reason{Obstacle: SyscallOverhead}}),
			p: systemCall("f", "mount", ""), mechanism: "kprobe", state: Absent,
			obstacles: []Obstacle{NotInKernel, NotInKernel, SyscallOverhead},
			says:      "not in this kernel", is: unix.ENOENT,
		},
		"module is not loaded": {
			a: fakeAttacher(MechanismAuto, true, map[string]error{"fentry": errNotInBTF, "kprobe": errNoSymbol}),
			p: inModule(moduleNowhere), mechanism: "kprobe", state: Waiting,
			obstacles: []Obstacle{NotInKernel, NotInKernel},
			says:      "its module is not loaded", is: unix.ENOENT,
		},
		"module is not loaded, its BTF is hidden": {
			a: fakeAttacher(MechanismAuto, false, map[string]error{"fentry": errNotInBTF, "kprobe": errNoSymbol}),
			p: inModule(moduleNowhere), mechanism: "kprobe", state: Waiting,
			obstacles: []Obstacle{ModuleBTFHidden, NotInKernel},
			says:      "its module is not loaded", is: ebpf.ErrNotSupported,
		},
		"module BTF is hidden, perf events are forbidden": {
			a: fakeAttacher(MechanismAuto, false, map[string]error{"fentry": errNotInBTF, "kprobe": perfEventError(errForbidden)}),
			p: inModule(moduleNowhere), mechanism: "kprobe", state: Failed,
			obstacles: []Obstacle{ModuleBTFHidden, PerfEventsForbidden},
			says:      "fentry: only CAP_SYS_ADMIN may read the BTF of modules; kprobe: perf events are forbidden: permission denied",
			is:        fs.ErrPermission,
		},
		"fentry requested, module BTF is hidden": {
			a: rejecting(fakeAttacher(MechanismFentry, false, map[string]error{"fentry": errNotInBTF}),
				map[string]error{MechanismKprobe: notRequested}),
			p: inModule(moduleNowhere), mechanism: "fentry", state: Failed,
			obstacles: []Obstacle{ModuleBTFHidden, NotRequested},
			says:      "fentry: only CAP_SYS_ADMIN may read the BTF of modules", is: ebpf.ErrNotSupported,
		},
		"fentry requested, not supported by the kernel": {
			a: rejecting(fakeAttacher(MechanismFentry, true, nil), map[string]error{
				MechanismFentry: noFentry, MechanismKprobe: notRequested, MechanismTracepoint: notRequested}),
			p: systemCall("f", "mount", ""), mechanism: "fentry", state: Failed,
			obstacles: []Obstacle{NotSupported, NotRequested, NotRequested},
			says:      "fentry: not supported by this kernel: operation not permitted", is: unix.EPERM,
		},
		"tracepoints requested, the probe has only functions": {
			a: rejecting(fakeAttacher(MechanismTracepoint, true, nil), map[string]error{
				MechanismFentry: notRequested, MechanismKprobe: notRequested}),
			p: inModule(moduleHere), mechanism: "tracepoint", state: Failed,
			obstacles: []Obstacle{NotRequested, NotRequested},
			says:      "fentry: not requested; kprobe: not requested",
		},
		"the kernel supports neither fentry nor kprobes": {
			a: rejecting(fakeAttacher(MechanismAuto, true, nil), map[string]error{
				MechanismFentry: noFentry, MechanismKprobe: noKprobe}),
			p: inModule(moduleHere), mechanism: "kprobe", state: Absent,
			obstacles: []Obstacle{NotSupported, NotSupported},
			says: "fentry: not supported by this kernel: operation not permitted; " +
				"kprobe: not supported by this kernel: no such file or directory",
			is: unix.ENOENT,
		},
		"a privilege may be missing": {
			a: rejecting(fakeAttacher(MechanismAuto, false, nil), map[string]error{
				MechanismFentry: unix.EPERM, MechanismKprobe: noKprobe}),
			p: inModule(moduleHere), mechanism: "kprobe", state: Failed,
			obstacles: []Obstacle{OtherObstacle, NotSupported},
			says:      "fentry: operation not permitted; kprobe: not supported by this kernel: no such file or directory",
			is:        fs.ErrPermission,
		},
		"tracefs is missing": {
			a: rejecting(fakeAttacher(MechanismAuto, true, nil), map[string]error{MechanismFentry: noFentry,
				MechanismKprobe: noKprobe, MechanismTracepoint: noTracefs("mount it", unix.ENODEV)}),
			p: systemCall("f", "mount", ""), mechanism: "tracepoint", state: Failed,
			obstacles: []Obstacle{NotSupported, NotSupported, NoTracefs},
			says: "fentry: not supported by this kernel: operation not permitted; " +
				"kprobe: not supported by this kernel: no such file or directory; " +
				"tracepoint: tracefs is not mounted: mount it: no such device",
			is: unix.ENODEV,
		},
	} {
		s, _ := tc.a.attach(tc.p)
		if s.State != tc.state || s.Mechanism != tc.mechanism {
			t.Errorf("%s: %+v", name, s)
		}
		if got := obstaclesOf(s); !slices.Equal(got, tc.obstacles) {
			t.Errorf("%s: obstacles %v", name, got)
		}
		if s.Err().Error() != tc.says || tc.is != nil && !errors.Is(s.Err(), tc.is) {
			t.Errorf("%s: %v", name, s.Err())
		}
	}
}

func obstaclesOf(s ProbeStatus) (all []Obstacle) {
	for _, r := range s.Reasons {
		all = append(all, r.Obstacle)
	}
	return all
}

// TestLimitedMaxActive attaches a kretprobe with maxActive and one without.
func TestLimitedMaxActive(t *testing.T) {
	a := fakeAttacher(MechanismKprobe, true, nil)
	a.rejected = map[string]Reason{MechanismFentry: {Obstacle: NotRequested}}
	p := systemCall("f", "mount", "")
	if s, _ := a.attach(p); s.State != Attached || s.LimitedMaxActive || s.Err() != nil || s.Reasons != nil {
		t.Errorf("with maxActive: %+v", s)
	}
	a.tryPlan = func(attachPlan) ([]link.Link, error) { return []link.Link{limitedMaxActive{}, nil}, nil }
	s, _ := a.attach(p)
	want := []string{"kretprobe:" + syscallFunction("f"), "kprobe:" + syscallFunction("f")}
	if !s.LimitedMaxActive || !slices.Equal(s.Points, want) {
		t.Errorf("without maxActive: %+v", s)
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
	if isAbsent(noFunction(errForbidden)) {
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
			late := &Probes{closed: make(chan struct{}), status: []ProbeStatus{{Name: "f", State: Waiting}}}
			a := fakeAttacher(MechanismAuto, true, nil)
			a.tryPlan = func(attachPlan) ([]link.Link, error) {
				if s := late.Status()[0]; s.State != Waiting {
					t.Errorf("%s: tried although not waiting: %+v", name, s)
				}
				if time.Since(begin) < after {
					return nil, errForbidden
				}
				return make([]link.Link, 1), nil
			}
			late.attachLate(a, []probe{p})
			s, took := late.Status()[0], time.Since(begin)
			want := Attached
			if after >= moduleGrace {
				want = Failed
			}
			if s.State != want || (s.Err() == nil) != (want == Attached) {
				t.Errorf("%s: %+v", name, s)
			}
			if took > min(after, moduleGrace)+2*moduleTick || s.State == Failed && !errors.Is(s.Err(), fs.ErrPermission) {
				t.Errorf("%s: took %v, %v", name, took, s.Err())
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
		late := &Probes{closed: make(chan struct{}), status: []ProbeStatus{{Name: "f", State: Waiting}}}
		a := fakeAttacher(MechanismAuto, true, nil)
		a.tryPlan = func(attachPlan) ([]link.Link, error) {
			t.Error("tried although the module is not loaded")
			return nil, errNoSymbol
		}
		late.late.Go(func() { late.attachLate(a, []probe{p}) })
		time.Sleep(time.Hour)
		close(late.closed)
		late.late.Wait()
		if late.Status()[0].State != Waiting {
			t.Error("does not wait any more")
		}
	})
}

// TestModuleLoadedLater opens the shared probes while veth is not loaded, and then
// loads it. It comes before the tests that need veth, which so have probes that were
// attached later; those that open probes of their own have not. On the kernels that are booted for
// it, CSE_MODULE_VETH is the path of the module's file.
func TestModuleLoadedLater(t *testing.T) {
	needRoot(t)
	module := os.Getenv("CSE_MODULE_VETH")
	if module == "" {
		t.Skip("needs CSE_MODULE_VETH, the file of a module that is not loaded: make test-kernels")
	}
	w := watch(t, "cse-late")
	before := w.vethStatus()
	if err := loadModule(module); err != nil {
		t.Fatal(err)
	}
	for _, s := range before {
		if s.State == Attached || (s.State == Waiting) != w.usesFunctions() {
			t.Fatalf("before its module is loaded: %+v", s)
		}
	}
	if !w.usesFunctions() || *mechanism == MechanismFentry && !modulesHaveBTF() {
		return // neither by tracepoints, nor by fentry if modules have no BTF
	}
	for deadline := time.Now().Add(time.Minute); !w.attached("veth_newlink") || !w.attached("veth_dellink"); {
		if time.Now().After(deadline) {
			t.Fatalf("after its module was loaded: %+v", w.vethStatus())
		}
		time.Sleep(moduleTick)
	}
	for _, s := range w.vethStatus() {
		if *mechanism == MechanismAuto && modulesHaveBTF() && s.Mechanism != MechanismFentry {
			t.Errorf("%s is attached by %s: %v", s.Name, s.Mechanism, s.Err())
		}
	}
	play(t, "cse-late", "veth")
	w.one(event.KindVethNewlink, func(e *event.Event) bool { return e.Name == "cse-host" })
}

func (p *Probes) vethStatus() (status []ProbeStatus) {
	for _, s := range p.Status() {
		if s.Name == "veth_newlink" || s.Name == "veth_dellink" {
			status = append(status, s)
		}
	}
	return status
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}
