package bpf

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// preemption says which programs may be preempted in the midst: see c/twin.h.
type preemption struct {
	functions   bool // fentry and fexit
	tracepoints bool // tp_btf
}

// preempts is what the kernel says; tests say otherwise.
var preempts = askKernel

// askKernel finds which may be preempted; where it cannot be known, they may be.
func askKernel() preemption {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return preemption{true, true}
	}
	chosen, _ := os.ReadFile("/sys/kernel/debug/sched/preempt")
	line, _ := os.ReadFile("/proc/cmdline")
	if !preemptsBy(unix.ByteSliceToString(u.Version[:]), string(chosen), string(line)) {
		return preemption{}
	}
	return preemption{functions: true, tracepoints: tracepointsPreempt(unix.ByteSliceToString(u.Release[:]))}
}

// tracepointsPreempt is true since Linux 7, where a tracepoint keeps what it
// calls by SRCU and no longer disables preemption (include/linux/tracepoint.h).
func tracepointsPreempt(release string) bool {
	major, _, _ := strings.Cut(release, ".")
	n, err := strconv.Atoi(major)
	return err != nil || n >= 7
}

var (
	chosenPreemption = regexp.MustCompile(`\((\w+)\)`)
	bootPreemption   = regexp.MustCompile(`(?:^|\s)preempt=(\w+)`)
)

// preemptsBy decides by uname's version, as "#1 SMP PREEMPT_DYNAMIC Debian",
// and where that leaves it open by debugfs, as "none voluntary (full)", or by
// the kernel's command line.
func preemptsBy(version, chosen, line string) bool {
	if !strings.Contains(version, "PREEMPT_DYNAMIC") {
		return strings.Contains(version, "PREEMPT") // also PREEMPT_LAZY, PREEMPT_RT
	}
	model := chosenPreemption.FindStringSubmatch(chosen)
	if model == nil {
		model = bootPreemption.FindStringSubmatch(line)
	}
	return model == nil || model[1] != "none" && model[1] != "voluntary"
}
