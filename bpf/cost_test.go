package bpf

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() {
	scenarios["threads"] = runThreads
	scenarios["execute"] = runExecute
}

const (
	burnt = 40 * time.Millisecond // by each thread of a scenario

	// The kernel updates a thread's CPU time at each tick at the latest; there
	// are at least 100 ticks a second.
	tickAtMost = 10 * time.Millisecond
	// What an exit costs after the event: the rest of do_exit, since 6.16 with
	// the address space.
	exitAtMost = 5 * time.Millisecond
	// Two threads exit by themselves. Those that are killed while they wait miss
	// only their exit. The sum is less than a thread burns: no thread may be
	// missing.
	missingAtMost = 2 * (tickAtMost + exitAtMost)
	// getrusage returns microseconds, for user and for system time.
	rounding = 2 * time.Microsecond
)

// burn spends CPU time.
func burn() {
	for clock(unix.CLOCK_THREAD_CPUTIME_ID) < int64(burnt) {
	}
}

// burnThreads burns in four threads; one of them ends and two wait for ever. It
// returns the CPU time of all, in microseconds.
func burnThreads() results {
	done := make(chan struct{})
	for _, waits := range []bool{false, true, true} {
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends
			burn()
			done <- struct{}{}
			if waits {
				unix.Pause()
			}
		}()
	}
	burn()
	for range 3 {
		<-done
	}
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return results{"cpu": uint32((r.Utime.Nano() + r.Stime.Nano()) / 1000)}
}

func runThreads(string) (results, error) { return burnThreads(), nil }

// runExecute executes /bin/true in a thread that is not the leader.
func runExecute(string) (results, error) {
	r := burnThreads()
	r["leader"] = 0
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return nil, err
	}
	execute := func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) }
	if unix.Gettid() != unix.Getpid() {
		return nil, execute()
	}
	failed := make(chan error)
	go func() { failed <- execute() }() // in another thread: this one is locked
	return nil, <-failed
}

// TestCostOfThreads compares the CPU time of an exit event with that of wait4. It
// must include all threads, also those that exit at the same time as the last.
func TestCostOfThreads(t *testing.T) {
	w := watch(t, "cse-threads")
	for range 10 {
		state, _, _ := playToEnd(t, "cse-threads", "threads")
		pid := state.Pid()
		begin := w.one(event.KindExec, byPID(pid)).Cost
		end := w.one(event.KindExit, byPID(pid)).Cost
		cpu, all := time.Duration(end.CPU), state.UserTime()+state.SystemTime()
		t.Logf("CPU time %v, wait4 reports %v more", cpu, all-cpu)
		if all < 4*burnt || cpu > all+rounding || all-cpu > missingAtMost {
			t.Errorf("CPU time %v, wait4 reports %v", cpu, all)
		}
		if own := time.Duration(end.CPU - begin.CPU); begin.CPU < 0 || own < 4*burnt-missingAtMost || own > cpu {
			t.Errorf("CPU time %v before the exec, %v since", time.Duration(begin.CPU), own)
		}
		if begin.RunDelay < 0 || end.RunDelay < begin.RunDelay {
			t.Errorf("run-queue delay %d before the exec, %d in all", begin.RunDelay, end.RunDelay)
		}
	}
}

// TestCostOfExec executes a second program, whose cost includes that of the first
// one's threads.
func TestCostOfExec(t *testing.T) {
	w := watch(t, "cse-execute")
	state, _, r := playToEnd(t, "cse-execute", "execute")
	pid := state.Pid()
	second := w.one(event.KindExec, func(e *event.Event) bool { return e.PID == pid && e.File == "/bin/true" })
	exit := w.one(event.KindExit, byPID(pid))
	reported, cpu := time.Duration(r["cpu"])*time.Microsecond, time.Duration(second.Cost.CPU)
	all := state.UserTime() + state.SystemTime()
	if cpu < reported-missingAtMost || cpu > all+rounding {
		t.Errorf("second exec: CPU time %v; getrusage before it %v, wait4 after it %v", cpu, reported, all)
	}
	if own := time.Duration(exit.Cost.CPU - second.Cost.CPU); own < 0 || own > all-reported+missingAtMost {
		t.Errorf("CPU time of true %v, by wait4 %v of %v", own, all-reported, all)
	}
	if exit.StartTime != second.StartTime {
		t.Errorf("start time %d, then %d", second.StartTime, exit.StartTime)
	}
}

// schedstat returns the CPU time and the run-queue delay of a process's leader,
// from /proc/PID/schedstat.
func schedstat(t *testing.T, pid int) (cpu, queue time.Duration) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(b), &cpu, &queue); err != nil {
		t.Fatal(err)
	}
	return cpu, queue
}

// waitZombie waits until a child has exited, and does not reap it.
func waitZombie(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
}

const queueBurnt = 400 * time.Millisecond // by each process, about

// loop is a shell's script that counts steps.
func loop(steps int) string {
	return fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); done", steps)
}

// burnSteps returns the CPU time of a shell that counts steps.
func burnSteps(t *testing.T, sh string, steps int) time.Duration {
	t.Helper()
	cmd := exec.Command(sh, "-c", loop(steps))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// TestCostOfQueue runs two single-threaded processes on one CPU, and compares the
// run-queue delays of their exits with those that /proc shows of the zombies.
func TestCostOfQueue(t *testing.T) {
	w := watch(t, "cse-queue")
	sh := copyProgram(t, "/bin/dash", "cse-queue")
	var before, one unix.CPUSet
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if before.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	steps := 10_000 * max(1, int(queueBurnt/burnSteps(t, sh, 10_000)))
	var burners []*exec.Cmd
	for range 2 {
		cmd := exec.Command(sh, "-c", loop(steps))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		burners = append(burners, cmd)
	}
	if err := unix.SchedSetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range burners {
		pid := cmd.Process.Pid
		waitZombie(t, pid)
		cpu, queue := schedstat(t, pid)
		cost := w.one(event.KindExit, byPID(pid)).Cost
		t.Logf("%+v; by /proc CPU time %v, run-queue delay %v", *cost, cpu, queue)
		// it may wait once more after the event, while the other process runs
		if more := queue - time.Duration(cost.RunDelay); queue < 20*time.Millisecond || more < 0 || more > queue/4 {
			t.Errorf("run-queue delay %v, by /proc %v", time.Duration(cost.RunDelay), queue)
		}
		if more := cpu - time.Duration(cost.CPU); more < 0 || more > tickAtMost+exitAtMost {
			t.Errorf("CPU time %v, by /proc %v", time.Duration(cost.CPU), cpu)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// TestCostOfIO writes to the disk. Its block-I/O delay must be known if the kernel
// accounts it, and unknown (-1) otherwise.
func TestCostOfIO(t *testing.T) {
	w := watch(t, "cse-io")
	dd := copyProgram(t, "/bin/dd", "cse-io")
	file := t.TempDir() + "/file"
	// many writes: one that completes before its writer waits adds no delay, and a
	// virtual machine's disk may be that fast
	cmd := exec.Command(dd, "if=/dev/zero", "of="+file, "bs=64k", "count=256", "oflag=direct,dsync")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("needs a filesystem with O_DIRECT: %v\n%s", err, out)
	}
	sysctl, _ := os.ReadFile("/proc/sys/kernel/task_delayacct")
	accounted := strings.TrimSpace(string(sysctl)) != "0"
	cost := w.one(event.KindExit, byPID(cmd.Process.Pid)).Cost
	t.Logf("%+v", *cost)
	if accounted && cost.BlockIO <= 0 || !accounted && cost.BlockIO != -1 {
		t.Errorf("block-I/O delay %d, accounted: %v", cost.BlockIO, accounted)
	}
}
