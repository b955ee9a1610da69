package bpf

import (
	"os"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// preempts says whether the kernel preempts what runs in it: then a program may
// be preempted, too (see paired in c/call.h). Where that cannot be known, yes.
func preempts() bool {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return true
	}
	chosen, _ := os.ReadFile("/sys/kernel/debug/sched/preempt")
	line, _ := os.ReadFile("/proc/cmdline")
	return preemptsBy(unix.ByteSliceToString(u.Version[:]), string(chosen), string(line))
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
