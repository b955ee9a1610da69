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

	"container_start_exporter/collector"

	"golang.org/x/sys/unix"
)

func init() {
	actors["threads"] = actThreads
	actors["execute"] = actExecute
}

const (
	burnt = 40 * time.Millisecond // by each thread of an actor

	// The kernel adds to a thread's time on a CPU at each tick at the latest:
	// 100 a second at the fewest.
	tickAtMost = 10 * time.Millisecond
	// What an exit costs after the event: the rest of do_exit, with the
	// address space since 6.16.
	exitAtMost = 5 * time.Millisecond
	// Two threads exit by themselves. Those that are killed while they wait lack
	// nothing but their exit. Less than a thread burns: each must be there.
	lackAtMost = 2 * (tickAtMost + exitAtMost)
	// getrusage gives microseconds, of user and of system time.
	rounding = 2 * time.Microsecond
)

// burn spends time on a CPU.
func burn() {
	for clock(unix.CLOCK_THREAD_CPUTIME_ID) < int64(burnt) {
	}
}

// burnThreads burns in four threads, of which one ends and two wait for ever.
func burnThreads() facts {
	done := make(chan struct{})
	for _, stays := range []bool{false, true, true} {
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends
			burn()
			done <- struct{}{}
			if stays {
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
	return facts{"cpu": uint32((r.Utime.Nano() + r.Stime.Nano()) / 1000)}
}

func actThreads(string) (facts, error) { return burnThreads(), nil }

// actExecute executes something, in a thread that is not the leader.
func actExecute(string) (facts, error) {
	f := burnThreads()
	f["leader"] = 0
	if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
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

// TestCostOfThreads holds what an exit says against what wait4 says. All
// threads must be in it, also those that exit at once with the last.
func TestCostOfThreads(t *testing.T) {
	w := watch(t, "cse-threads")
	for range 10 {
		state, _, _ := perform(t, "cse-threads", "threads")
		pid := state.Pid()
		begin := w.one(collector.KindExec, byPID(pid)).Cost
		end := w.one(collector.KindExit, byPID(pid)).Cost
		cpu, all := time.Duration(end.CPU), state.UserTime()+state.SystemTime()
		t.Logf("%v on a CPU, by wait4 %v more", cpu, all-cpu)
		if all < 4*burnt || cpu > all+rounding || all-cpu > lackAtMost {
			t.Errorf("%v on a CPU, by wait4 %v", cpu, all)
		}
		if own := time.Duration(end.CPU - begin.CPU); begin.CPU < 0 || own < 4*burnt-lackAtMost || own > cpu {
			t.Errorf("%v before the exec, %v since", time.Duration(begin.CPU), own)
		}
		if begin.Queue < 0 || end.Queue < begin.Queue {
			t.Errorf("waited %d before the exec, %d in all", begin.Queue, end.Queue)
		}
	}
}

// TestCostOfExec executes a second program, which takes over what the threads
// of the first have cost.
func TestCostOfExec(t *testing.T) {
	w := watch(t, "cse-execute")
	state, _, f := perform(t, "cse-execute", "execute")
	pid := state.Pid()
	second := w.one(collector.KindExec, func(e *collector.Event) bool { return e.PID == pid && e.File == "/bin/true" })
	exit := w.one(collector.KindExit, byPID(pid))
	told, cpu := time.Duration(f["cpu"])*time.Microsecond, time.Duration(second.Cost.CPU)
	all := state.UserTime() + state.SystemTime()
	if cpu < told-lackAtMost || cpu > all+rounding {
		t.Errorf("second exec: %v on a CPU, %v by getrusage before it, %v by wait4 in the end", cpu, told, all)
	}
	if own := time.Duration(exit.Cost.CPU - second.Cost.CPU); own < 0 || own > all-told+lackAtMost {
		t.Errorf("true cost %v, by wait4 %v of %v", own, all-told, all)
	}
	if exit.Born != second.Born {
		t.Errorf("born %d, then %d", second.Born, exit.Born)
	}
}

// schedstat is a process's time on a CPU and its wait for one, by its leader's
// /proc/PID/schedstat.
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

// waitZombie waits until a child has exited, and leaves it unreaped.
func waitZombie(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
}

// TestCostOfQueue lets two processes of one thread want one CPU, and holds
// what their exits say against what /proc says of them as zombies.
func TestCostOfQueue(t *testing.T) {
	w := watch(t, "cse-queue")
	sh := program(t, "/bin/dash", "cse-queue")
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
	var burners []*exec.Cmd
	for range 2 {
		cmd := exec.Command(sh, "-c", "i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done")
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
		cost := w.one(collector.KindExit, byPID(pid)).Cost
		t.Logf("%+v, by /proc %v on a CPU and %v waiting", *cost, cpu, queue)
		// it may wait once more after the event, while the other has its turn
		if more := queue - time.Duration(cost.Queue); queue < 20*time.Millisecond || more < 0 || more > queue/4 {
			t.Errorf("waited %v, by /proc %v", time.Duration(cost.Queue), queue)
		}
		if more := cpu - time.Duration(cost.CPU); more < 0 || more > tickAtMost+exitAtMost {
			t.Errorf("%v on a CPU, by /proc %v", time.Duration(cost.CPU), cpu)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// TestCostOfIO reads from the disk where that is accounted, and wants it to be
// unknown where it is not.
func TestCostOfIO(t *testing.T) {
	w := watch(t, "cse-io")
	dd := program(t, "/bin/dd", "cse-io")
	file := t.TempDir() + "/file"
	// so many, as one that is done before its writer gets to wait is none: a
	// machine's disk may be that fast
	cmd := exec.Command(dd, "if=/dev/zero", "of="+file, "bs=64k", "count=256", "oflag=direct,dsync")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("needs a filesystem with O_DIRECT: %v\n%s", err, out)
	}
	sysctl, _ := os.ReadFile("/proc/sys/kernel/task_delayacct")
	accounted := strings.TrimSpace(string(sysctl)) != "0"
	cost := w.one(collector.KindExit, byPID(cmd.Process.Pid)).Cost
	t.Logf("%+v", *cost)
	if accounted && cost.IO <= 0 || !accounted && cost.IO != -1 {
		t.Errorf("waited %d for I/O, accounted: %v", cost.IO, accounted)
	}
}
