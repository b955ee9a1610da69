package privilege

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

func init() { roles["drop"] = dropTwice }

// dropTwice drops capabilities while a probe waits, and those to attach it when it
// no longer does. After each step it prints the capabilities of all threads.
func dropTwice() error {
	pollInterval = 10 * time.Millisecond
	for range 3 {
		go func() {
			runtime.LockOSThread()
			select {}
		}()
	}
	var waiting atomic.Bool
	waiting.Store(true)
	if err := Drop(waiting.Load, cap.KILL); err != nil {
		return err
	}
	during, err := ofThreads()
	if err != nil {
		return err
	}
	fmt.Println(during)
	waiting.Store(false)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(pollInterval) {
		after, err := ofThreads()
		if err != nil {
			return err
		}
		if after != during && !strings.Contains(after, ";") || time.Now().After(deadline) {
			fmt.Println(after)
			return nil
		}
	}
}

// ofThreads returns the capability sets and NoNewPrivs of the threads of this
// process; several, separated by semicolons, if they differ.
func ofThreads() (string, error) {
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		return "", err
	}
	var all []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // a thread may have ended
			lines := regexp.MustCompile(`(?m)^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs):\s*(.*)$`).FindAllStringSubmatch(string(text), -1)
			var values []string
			for _, l := range lines {
				values = append(values, l[2])
			}
			all = append(all, strings.Join(values, " "))
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ";"), nil
}

// TestDrop checks which capabilities are left in all threads while a probe waits
// for its module, and after that.
func TestDrop(t *testing.T) {
	bits := func(list ...cap.Value) (n uint64) {
		for _, c := range list {
			n |= 1 << c
		}
		return n
	}
	threads := func(left, bounding uint64) string {
		return fmt.Sprintf("%016x %016[1]x %016[2]x %016x 1\n", left, bounding, 0)
	}
	two := bits(cap.BPF, cap.PERFMON)
	for name, tc := range map[string]struct {
		user         int
		capabilities []string
		want         string
	}{
		"two capabilities": {nobody, []string{"BPF", "PERFMON"}, threads(two, two) + threads(0, two)},
		"four": {nobody, usable, threads(two|bits(readBundles...), two|bits(readBundles...)) +
			threads(bits(readBundles...), two|bits(readBundles...))},
		"root": {0, []string{"BPF", "PERFMON", "SYS_ADMIN", "SYS_PTRACE", "KILL", "CHOWN", "SETPCAP"},
			threads(two|bits(cap.SYS_ADMIN, cap.SYS_PTRACE, cap.KILL), 0) + threads(bits(cap.SYS_PTRACE, cap.KILL), 0)},
	} {
		if got, failure := play(t, "drop", tc.user, tc.capabilities...); got != tc.want || failure != "" {
			t.Errorf("%s: got\n%s%s\nwant\n%s", name, got, failure, tc.want)
		}
	}
}
