package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector"
)

// TestIsGone looks at a process while it runs, with other identities than its own, and
// as a zombie.
func TestIsGone(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	is := collector.KnownProcess{PID: pid, StartTime: startTime(t, pid)}
	for _, one := range []struct {
		what string
		k    collector.KnownProcess
		want bool
	}{
		{"the process", is, false},
		{"as an init that has its name", collector.KnownProcess{PID: pid, StartTime: is.StartTime, Init: "sleep"}, false},
		{"as an init that had another name", collector.KnownProcess{PID: pid, StartTime: is.StartTime, Init: "runc:[2:INIT]"}, true},
		{"with another start time", collector.KnownProcess{PID: pid, StartTime: is.StartTime + 1e9}, true},
		{"with an unknown start time", collector.KnownProcess{PID: pid}, false},
		{"with a pid that there is not", collector.KnownProcess{PID: 1 << 30, StartTime: 1}, true},
	} {
		if got := isGone(one.k); got != one.want {
			t.Errorf("%s: gone is %t", one.what, got)
		}
	}
	_ = cmd.Process.Kill()
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if !isGone(is) {
		t.Error("a zombie is not gone")
	}
	_ = cmd.Wait()
}

// startTime returns the start time of a process to the clock tick, in ns: the 22nd field
// of stat (proc_pid_stat(5)).
func startTime(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	ticks, err := strconv.ParseInt(strings.Fields(string(text))[21], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ticks * 10_000_000
}
