package bpf

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// usesFunctions reports whether probes are attached to kernel functions: no system
// call is then probed by its tracepoints.
func (p *Probes) usesFunctions() bool {
	return slices.ContainsFunc(p.Status(), func(s ProbeStatus) bool {
		return s.State == Attached && (s.Mechanism == MechanismFentry || s.Mechanism == MechanismKprobe)
	})
}

func (p *Probes) attached(name string) bool {
	return slices.ContainsFunc(p.Status(), func(s ProbeStatus) bool { return s.Name == name && s.State == Attached })
}

// emptyLoader returns a loader that has not loaded a program yet.
func emptyLoader(t *testing.T) *loader {
	t.Helper()
	l, err := newLoader(Options{BufferSize: defaultBufferSize}, btf.NewCache())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// TestEveryProgramLoads loads each program for each attach point by itself: an
// error then names the program that the verifier rejects.
func TestEveryProgramLoads(t *testing.T) {
	needRoot(t)
	l := emptyLoader(t)
	a := newAttacher(l.types, MechanismAuto, nil)
	for _, p := range probes {
		for _, plan := range p.plans {
			if !a.allows(plan.mechanism) && a.rejected[plan.mechanism].Obstacle != SyscallOverhead {
				continue
			}
			for _, at := range plan.points {
				// only fentry needs the function when it loads a program
				want := plan.mechanism != MechanismFentry || kernelHas(t, p.module, at)
				if err := l.load(instance{attachPoint: at}); (err == nil) != want {
					t.Errorf("%s: want it to load: %v; %+v", at, want, err)
				}
			}
		}
	}
}

// TestAbsenceIsNotRemembered loads a program for a function that does not exist:
// a module may bring it later.
func TestAbsenceIsNotRemembered(t *testing.T) {
	needRoot(t)
	l := emptyLoader(t)
	nowhere := instance{attachPoint: attachPoint{"fentry", "cse_newlink", "fentry_veth_newlink"}}
	if err := l.load(nowhere); !isAbsent(err) {
		t.Errorf("the program of a function that does not exist: %v", err)
	}
	if len(l.failed) > 0 {
		t.Errorf("will not be tried again: %v", l.failed)
	}
}

// TestEveryProbeIsAttached checks that each probe is attached by the best requested
// mechanism that this kernel has for it, or not at all if it has none.
func TestEveryProbeIsAttached(t *testing.T) {
	w := watch(t, "")
	for i, p := range probes {
		s := w.Status()[1+i] // the first is that of netlink
		if s.Impact == "" {
			t.Errorf("%s: Impact is empty", s.Name)
		}
		if attached := s.State == Attached; attached == (s.Err() != nil) || attached == (len(s.Reasons) > 0) || attached == (len(s.Points) == 0) {
			t.Errorf("%+v", s)
		}
		want, by := wanted(t, p), ""
		if s.State == Attached {
			by = s.Mechanism
		}
		if by != want {
			t.Errorf("%s is attached by %q, want %q: %v", s.Name, by, want, s.Err())
		} else if want == "" {
			t.Logf("%s: %v", s.Name, s.Err())
		}
	}
}

// wanted returns the mechanism by which a probe must be attached, empty if this
// kernel has none for it.
func wanted(t *testing.T, p probe) string {
	t.Helper()
	for _, plan := range p.plans {
		if len(p.plans) > 1 && *mechanism != MechanismAuto && *mechanism != plan.mechanism {
			continue
		}
		if !slices.ContainsFunc(plan.points, func(at attachPoint) bool { return !kernelHas(t, p.module, at) }) {
			return plan.mechanism
		}
	}
	return ""
}

// kernelHas reports whether a program can be attached at a point, by the kernel's
// BTF and symbols.
func kernelHas(t *testing.T, module string, at attachPoint) bool {
	t.Helper()
	switch at.kind {
	case "fentry", "fexit":
		_, err := os.Stat("/sys/kernel/btf/" + module)
		return supportsFentry() && (module != "" && err == nil || hasBTF(t, at))
	case "kprobe", "kretprobe":
		return hasSymbol("register_kprobe") && hasSymbol(at.at)
	case "tracepoint":
		_, name, _ := strings.Cut(strings.TrimPrefix(at.at, "syscalls/sys_"), "_")
		return hasSymbol(syscallFunction(name))
	}
	return true
}

// supportsFentry reports whether the kernel attaches a program that does nothing
// to the entry of a function.
var supportsFentry = sync.OnceValue(func() bool {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: syscallFunction("mount"), License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return false
	}
	defer program.Close()
	at, err := link.AttachTracing(link.TracingOptions{Program: program})
	return err == nil && at.Close() == nil
})

// hasBTF reports whether the kernel's BTF allows fentry for a function. The tools
// that generate the BTF omitted some functions before about 5.11. Later they list
// some twice: with the parameters' types, and with types that are only declared,
// which a program at the entry cannot read.
func hasBTF(t *testing.T, at attachPoint) bool {
	t.Helper()
	kernel, err := kernelTypes()
	if err != nil {
		t.Fatal(err)
	}
	var f *btf.Func
	if kernel.TypeByName(at.at, &f) != nil { // also if there are several
		return false
	}
	parameters := f.Type.(*btf.FuncProto).Params
	if at.kind == "fexit" || len(parameters) == 0 {
		return true
	}
	pointer, _ := btf.As[*btf.Pointer](parameters[0].Type)
	if pointer == nil {
		return true
	}
	_, declared := btf.As[*btf.Fwd](pointer.Target)
	return !declared
}

var kernelTypes = sync.OnceValues(btf.LoadKernelSpec)

var symbols = sync.OnceValue(func() string {
	all, _ := os.ReadFile("/proc/kallsyms")
	return string(all)
})

func hasSymbol(name string) bool {
	return strings.Contains(symbols(), " "+name+"\n") || strings.Contains(symbols(), " "+name+"\t[") // of a module
}

// modulesHaveBTF reports whether the kernel is 5.11 or later.
func modulesHaveBTF() bool {
	types, _ := os.ReadDir("/sys/kernel/btf")
	return len(types) > 1
}

// TestEveryProbeFires triggers every probe, and reads from the kernel's
// statistics whether its programs have run: on a function that the compiler
// inlined they attach and never run.
func TestEveryProbeFires(t *testing.T) {
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		t.Skip("needs root to count the runs of BPF programs:", err)
	}
	defer stats.Close()
	w := watch(t, "cse-all")
	for _, scenario := range []string{"mount", "newmount", "pivot", "setns", "veth", "cgroup", "calls"} {
		play(t, "cse-all", scenario)
	}
	runs := map[string]uint64{}
	for _, s := range w.Stats().Programs {
		runs[s.Name] = s.Runs
	}
	for i, p := range probes {
		s := w.Status()[1+i]
		if s.State != Attached {
			continue // TestEveryProbeIsAttached checks those
		}
		n := slices.IndexFunc(p.plans, func(plan attachPlan) bool { return plan.mechanism == s.Mechanism })
		for _, i := range w.loader.instances(p.plans[n].points...) {
			if runs[i.name()] == 0 {
				t.Errorf("%s: %s is attached and never ran", s.Name, i.name())
			}
		}
	}
}

func init() { scenarios["calls"] = runCalls }

// runCalls makes the calls that no other scenario makes.
func runCalls(dir string) (results, error) {
	_ = unix.Exec(dir+"/missing", nil, nil)
	for _, call := range []uintptr{unix.SYS_EXECVEAT, unix.SYS_OPEN_TREE_ATTR} {
		_, _, _ = unix.Syscall6(call, ^uintptr(99), 0, 0, 0, 0, 0)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	return nil, inOrder(
		func() error { return unix.Bind(fd, &unix.SockaddrUnix{Name: dir + "/socket"}) },
		func() error { return unix.Listen(fd, 1) },
		sendto,
		func() error { return cloneWithNamespaces("clone") },
		func() error { return cloneWithNamespaces("clone3") },
	)
}

// TestOpenTakes logs how long it takes to attach, for the record.
func TestOpenTakes(t *testing.T) {
	watch(t, "")
	t.Logf("attached in %v", shared.took)
}
