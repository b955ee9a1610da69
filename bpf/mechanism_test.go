package bpf

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// byFunctions says that the probes hook the kernel's functions: no hook of a
// system call is then a tracepoint.
func (p *Probes) byFunctions() bool {
	return slices.ContainsFunc(p.Hooks(), func(h Hook) bool {
		return h.Attached && (h.Mechanism == MechanismFentry || h.Mechanism == MechanismKprobe)
	})
}

func (p *Probes) attached(name string) bool {
	return slices.ContainsFunc(p.Hooks(), func(h Hook) bool { return h.Name == name && h.Attached })
}

// load makes a loader that has not loaded a program yet.
func load(t *testing.T) *loader {
	t.Helper()
	l, err := newLoader(Options{BufferSize: defaultBufferSize}, btf.NewCache())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

// TestEveryProgramLoads loads each program for each hook by itself: what a
// verifier does not like is then named.
func TestEveryProgramLoads(t *testing.T) {
	needRoot(t)
	l := load(t)
	a := newAttacher(l.types, MechanismAuto, nil)
	for _, p := range probes {
		for _, w := range p.plans {
			if err := a.rejected[w.mechanism]; err != nil && !errors.Is(err, errSyscallOverhead) {
				continue
			}
			for _, at := range w.points {
				// only by fentry a program is loaded for a function
				want := w.mechanism != MechanismFentry || kernelHas(t, p.module, at)
				if err := l.load(instance{attachPoint: at}); (err == nil) != want {
					t.Errorf("%s is to load: %v; %+v", at, want, err)
				}
			}
		}
	}
}

// TestAbsenceIsNotRemembered loads a program for a function that is not there: it
// may come with a module.
func TestAbsenceIsNotRemembered(t *testing.T) {
	needRoot(t)
	l := load(t)
	nowhere := instance{attachPoint: attachPoint{"fentry", "cse_newlink", "fentry_veth_newlink"}}
	if err := l.load(nowhere); !isAbsent(err) {
		t.Errorf("the program of a function that is not there: %v", err)
	}
	if len(l.failed) > 0 {
		t.Errorf("will not be tried again: %v", l.failed)
	}
}

// TestEveryHookIsAttached wants each hook by the best of the mechanisms asked
// for that this kernel has for it, and none that it has not.
func TestEveryHookIsAttached(t *testing.T) {
	w := watch(t, "")
	for i, p := range probes {
		h := w.Hooks()[1+i] // the first is netlink's
		if h.Feeds == "" {
			t.Errorf("%s: does not say what it feeds", h.Name)
		}
		if h.Attached == (h.Err != nil) || h.Attached && len(h.Points) == 0 {
			t.Errorf("%+v", h)
		}
		want, by := wanted(t, p), ""
		if h.Attached {
			by = h.Mechanism
		}
		if by != want {
			t.Errorf("%s is attached by %q, want %q: %v", h.Name, by, want, h.Err)
		} else if want == "" {
			t.Logf("%s: %v", h.Name, h.Err)
		}
	}
}

// wanted is the mechanism that a hook must be attached by, empty where this
// kernel has none for it.
func wanted(t *testing.T, p probe) string {
	t.Helper()
	for _, w := range p.plans {
		if len(p.plans) > 1 && *mechanism != MechanismAuto && *mechanism != w.mechanism {
			continue
		}
		if !slices.ContainsFunc(w.points, func(at attachPoint) bool { return !kernelHas(t, p.module, at) }) {
			return w.mechanism
		}
	}
	return ""
}

// kernelHas says whether something can be attached at a point, by what the
// kernel tells of itself.
func kernelHas(t *testing.T, module string, at attachPoint) bool {
	t.Helper()
	switch at.kind {
	case "fentry", "fexit":
		_, err := os.Stat("/sys/kernel/btf/" + module)
		return takesFentry() && (module != "" && err == nil || hasType(t, at))
	case "kprobe", "kretprobe":
		return hasSymbol("register_kprobe") && hasSymbol(at.at)
	case "tracepoint":
		_, name, _ := strings.Cut(strings.TrimPrefix(at.at, "syscalls/sys_"), "_")
		return hasSymbol(syscallFunction(name))
	}
	return true
}

// takesFentry says whether the kernel attaches a program that does nothing to
// the entry of a function.
var takesFentry = sync.OnceValue(func() bool {
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

// hasType says whether fentry can be had for a function by its type. The tools
// that made the types left some functions out before 5.11 or so, and have some
// twice later: with their parameters, and with a declaration of these alone,
// which an entry cannot read.
func hasType(t *testing.T, at attachPoint) bool {
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

// modulesHaveTypes says whether the kernel is one of 5.11 or later.
func modulesHaveTypes() bool {
	types, _ := os.ReadDir("/sys/kernel/btf")
	return len(types) > 1
}

// TestEveryHookFires drives every hook, and asks the kernel whether its
// programs have run: a function that was inlined attaches and never fires.
func TestEveryHookFires(t *testing.T) {
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		t.Skip("needs root, to count the runs of BPF programs:", err)
	}
	defer stats.Close()
	w := watch(t, "cse-all")
	for _, actor := range []string{"mount", "newmount", "pivot", "setns", "veth", "cgroup", "calls"} {
		play(t, "cse-all", actor)
	}
	runs := map[string]uint64{}
	for _, s := range w.Stats().Programs {
		runs[s.Name] = s.Runs
	}
	for i, p := range probes {
		h := w.Hooks()[1+i]
		if !h.Attached {
			continue // TestEveryHookIsAttached says which may not be
		}
		way := slices.IndexFunc(p.plans, func(w attachPlan) bool { return w.mechanism == h.Mechanism })
		for _, i := range w.loader.instances(p.plans[way].points...) {
			if runs[i.name()] == 0 {
				t.Errorf("%s: %s was attached and never ran", h.Name, i.name())
			}
		}
	}
}

func init() { actors["calls"] = actCalls }

// actCalls makes the calls that no other actor makes.
func actCalls(dir string) (facts, error) {
	_ = unix.Exec(dir+"/missing", nil, nil)
	for _, call := range []uintptr{unix.SYS_EXECVEAT, unix.SYS_OPEN_TREE_ATTR} {
		_, _, _ = unix.Syscall6(call, ^uintptr(99), 0, 0, 0, 0, 0)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	return nil, all(
		func() error { return unix.Bind(fd, &unix.SockaddrUnix{Name: dir + "/socket"}) },
		func() error { return unix.Listen(fd, 1) },
		sendto,
		func() error { return cloneWithNamespaces("clone") },
		func() error { return cloneWithNamespaces("clone3") },
	)
}

// TestOpenTakes tells how long it takes to attach, for the record.
func TestOpenTakes(t *testing.T) {
	needRoot(t)
	begin := time.Now()
	p := open(t, Options{})
	t.Logf("attached in %v", time.Since(begin))
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
