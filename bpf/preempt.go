package bpf

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// preemption reports which programs may be preempted while they run: see
// c/twin.h.
type preemption struct {
	functions   bool // fentry and fexit
	tracepoints bool // tp_btf
}

// preempts returns the kernel's preemption. Tests replace it.
var preempts = kernelPreemption

// kernelPreemption returns which programs may be preempted; all of them if that
// is unknown.
func kernelPreemption() preemption {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return preemption{true, true}
	}
	chosen, _ := os.ReadFile("/sys/kernel/debug/sched/preempt")
	line, _ := os.ReadFile("/proc/cmdline")
	if !kernelPreempts(unix.ByteSliceToString(u.Version[:]), string(chosen), string(line)) {
		return preemption{}
	}
	return preemption{functions: true, tracepoints: tracepointsPreemptible(unix.ByteSliceToString(u.Release[:]))}
}

// tracepointsPreemptible returns true since Linux 7: a tracepoint now protects
// its callbacks by SRCU instead of disabling preemption
// (include/linux/tracepoint.h).
func tracepointsPreemptible(release string) bool {
	major, _, _ := strings.Cut(release, ".")
	n, err := strconv.Atoi(major)
	return err != nil || n >= 7
}

var (
	chosenPreemption = regexp.MustCompile(`\((\w+)\)`)
	bootPreemption   = regexp.MustCompile(`(?:^|\s)preempt=(\w+)`)
)

// kernelPreempts reports whether the kernel is preemptible: by uname's version,
// such as "#1 SMP PREEMPT_DYNAMIC Debian". If that is dynamic, by the model in
// debugfs, such as "none voluntary (full)", or by the kernel's command line; if
// neither has it, the kernel may preempt.
func kernelPreempts(version, chosen, line string) bool {
	if !strings.Contains(version, "PREEMPT_DYNAMIC") {
		return strings.Contains(version, "PREEMPT") // also PREEMPT_LAZY, PREEMPT_RT
	}
	model := chosenPreemption.FindStringSubmatch(chosen)
	if model == nil {
		model = bootPreemption.FindStringSubmatch(line)
	}
	return model == nil || model[1] != "none" && model[1] != "voluntary"
}
