package main

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// mechanisms checks that each hook is attached, and by the best that these
// kernels have.
func mechanisms(m metrics) []string {
	var p problems
	const name = "container_start_exporter_probe_attached"
	for _, series := range m[name].GetMetric() {
		of := map[string]string{}
		for _, pair := range series.GetLabel() {
			of[pair.GetName()] = pair.GetValue()
		}
		hook, mechanism := of["hook"], of["mechanism"]
		if series.GetGauge().GetValue() != 1 {
			p.addf("hook %s is not attached", hook)
		} else if !slices.Contains(best(hook), mechanism) {
			p.addf("hook %s is attached by %s; want one of %v", hook, mechanism, best(hook))
		}
	}
	if m[name] == nil {
		p.addf("there is no metric %s", name)
	}
	return p
}

// best are the mechanisms that a hook may have: none is a system call's
// tracepoint. The functions of a module can be probed by fentry where the
// kernel tells the module's types, which it does since 5.11.
func best(hook string) []string {
	_, err := os.Stat("/sys/kernel/btf/veth")
	if err != nil && strings.HasPrefix(hook, "veth_") {
		return []string{"kprobe"}
	}
	return []string{"fentry", "tp_btf", "iter", "netlink"}
}

// syscallTracepoints checks that no system call takes the way through the
// tracepoints: the kernel counts which of sys_enter and sys_exit are enabled
// (kernel/tracepoint.c), by perf too, which does not show in tracefs. That the
// count is the right one shows when tracefs enables one.
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
			p.addf("%d of the tracepoints of all system calls are enabled; want %d", got, step.want)
		}
	}
	return p
}

// kernelInt reads a variable of the kernel.
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
