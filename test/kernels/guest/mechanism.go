package main

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"container_start_exporter/test/host/scrape"
)

// mechanisms checks that each probe is attached, and by the best mechanism that
// the kernel has for it. A probe of a system call that the kernel lacks need not
// be.
func mechanisms(m scrape.Metrics) []string {
	var p problems
	types, err := btf.LoadKernelSpec()
	if err != nil {
		p.addf("%v", err)
		return p
	}
	const name = "container_start_exporter_probe_attached"
	if m[name] == nil {
		p.addf("there is no metric %s", name)
	}
	for _, series := range m[name].GetMetric() {
		label := map[string]string{}
		for _, pair := range series.GetLabel() {
			label[pair.GetName()] = pair.GetValue()
		}
		probe, mechanism := label["probe"], label["mechanism"]
		if series.GetGauge().GetValue() != 1 {
			if _, err := symbolAddress("__x64_sys_" + probe); err == nil {
				p.addf("probe %s is not attached", probe)
			}
		} else if want := bestMechanisms(types, probe); !slices.Contains(want, mechanism) {
			p.addf("probe %s is attached by %s; want one of %v", probe, mechanism, want)
		}
	}
	return p
}

// bestMechanisms returns the mechanisms by which a probe may be attached; the
// tracepoint of a system call is never among them. Kernels before 5.11 have no BTF
// of modules.
func bestMechanisms(types *btf.Spec, probe string) []string {
	_, err := os.Stat("/sys/kernel/btf/veth")
	if err != nil && strings.HasPrefix(probe, "veth_") || !fentryPossible(types, probe) {
		return []string{"kprobe"}
	}
	return []string{"fentry", "tp_btf", "iter", "netlink"}
}

// fentryPossible returns whether fentry can probe a system call, and true for a
// probe of anything else. Older kernels have the function twice in their BTF, or
// only a forward declaration of the struct that its parameter points to, which the
// probe at the entry reads. listen has no such probe.
func fentryPossible(types *btf.Spec, call string) bool {
	var f *btf.Func
	err := types.TypeByName("__x64_sys_"+call, &f)
	if errors.Is(err, btf.ErrMultipleMatches) {
		return false
	}
	if err != nil || call == "listen" {
		return true
	}
	return !slices.ContainsFunc(f.Type.(*btf.FuncProto).Params, func(p btf.FuncParam) bool {
		pointer, ok := btf.As[*btf.Pointer](p.Type)
		if !ok {
			return false
		}
		_, declared := btf.As[*btf.Fwd](pointer.Target)
		return declared
	})
}

// syscallTracepoints checks that no system call runs through the tracepoints.
// The kernel counts how many of sys_enter and sys_exit are enabled
// (kernel/tracepoint.c), those enabled by perf included, which tracefs does not
// show. To prove that this is the right counter, it enables one through tracefs.
func syscallTracepoints() []string {
	var p problems
	const control = "/sys/kernel/tracing/events/syscalls/sys_enter_getppid/enable"
	for _, step := range []struct {
		write string
		want  int32
	}{{"0", 0}, {"1", 1}, {"0", 0}} {
		if err := os.WriteFile(control, []byte(step.write), 0); err != nil {
			p.addf("%v", err)
		}
		got, err := kernelInt("sys_tracepoint_refcount")
		if err != nil {
			p.addf("%v", err)
		} else if got != step.want {
			p.addf("%d of sys_enter and sys_exit are enabled; want %d", got, step.want)
		}
	}
	return p
}

// kernelInt returns the value of a 32-bit variable of the kernel.
func kernelInt(symbol string) (int32, error) {
	address, err := symbolAddress(symbol)
	if err != nil {
		return 0, err
	}
	core, err := elf.Open("/proc/kcore")
	if err != nil {
		return 0, err
	}
	defer core.Close()
	for _, segment := range core.Progs {
		if segment.Type == elf.PT_LOAD && address >= segment.Vaddr && address < segment.Vaddr+segment.Memsz {
			word := make([]byte, 4)
			_, err := segment.ReadAt(word, int64(address-segment.Vaddr))
			return int32(binary.NativeEndian.Uint32(word)), err
		}
	}
	return 0, fmt.Errorf("%s at %x is not in /proc/kcore", symbol, address)
}

func symbolAddress(symbol string) (uint64, error) {
	symbols, err := os.Open("/proc/kallsyms")
	if err != nil {
		return 0, err
	}
	defer symbols.Close()
	lines := bufio.NewScanner(symbols)
	for lines.Scan() { // ffffffff82a1b2c4 b sys_tracepoint_refcount
		if address, ok := strings.CutSuffix(lines.Text(), " "+symbol); ok {
			return strconv.ParseUint(strings.Fields(address)[0], 16, 64)
		}
	}
	return 0, fmt.Errorf("the kernel has no symbol %s", symbol)
}
