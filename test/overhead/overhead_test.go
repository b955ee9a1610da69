package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// TestMain also serves as a worker's main: the workers execute the test binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestPin pins threads while some of them end.
func TestPin(t *testing.T) {
	for range 200 {
		for range 8 {
			go runtime.LockOSThread() // the thread ends with its goroutine
		}
		if err := pin(otherCPU); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExitProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nothing")
	if err := os.WriteFile(path, exitProgram(), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v %q", err, out)
	}
}

func TestLoops(t *testing.T) {
	host.NeedRoot(t)
	for _, loops := range [][]loop{timed, counted} {
		for _, l := range loops {
			t.Run(l.name, func(t *testing.T) {
				w, err := startWorker(self, l)
				if err != nil {
					t.Fatal(err)
				}
				if took, err := w.run(3); err != nil || took <= 0 {
					t.Errorf("3 steps: %v, %v", took, err)
				}
				if err := w.stop(); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(w.dir); !os.IsNotExist(err) {
					t.Errorf("%s is left: %v", w.dir, err)
				}
			})
		}
	}
}

// TestNulls counts the runs of null programs: each must run at its own point.
func TestNulls(t *testing.T) {
	host.NeedRoot(t)
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		t.Fatal(err)
	}
	defer stats.Close()
	points := []string{"tp_btf:task_rename", "tracepoint:syscalls/sys_enter_unshare", "tracepoint:syscalls/sys_exit_unshare"}
	n, err := attachNulls(points)
	if err != nil {
		t.Fatal(err)
	}
	want := uint64(math.MaxUint64)
	for _, name := range []string{"rename", "unshare"} {
		l, _ := find(name)
		if _, err := count(n, self, l); err != nil {
			t.Fatal(err)
		}
		want = min(want, uint64(tries*l.steps))
	}
	ran, err := n.counters()
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range points {
		if ran[point].Count < want || ran[point].Time <= 0 {
			t.Errorf("%s: %+v, want %d runs or more", point, ran[point], want)
		}
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

func TestNullsRefuse(t *testing.T) {
	host.NeedRoot(t)
	for _, point := range []string{"uprobe:main", "tracepoint:syscalls/sys_enter_nothing", "tp_btf:nothing"} {
		if n, err := attachNulls([]string{"tp_btf:task_rename", point}); err == nil {
			n.Close()
			t.Errorf("%s: no error", point)
		}
	}
}

// TestEquivalent attaches all probes of the script.
func TestEquivalent(t *testing.T) {
	host.NeedRoot(t)
	host.NeedProgram(t, "bpftrace", "bpftrace")
	b, err := startBPFtrace()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(script, "tracepoint:"); b.attached() != want {
		t.Errorf("%d probes attached, %d in the script", b.attached(), want)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.25: 1.75, 0.5: 2.5, 1: 4} {
		if got := quantile([]float64{4, 1, 3, 2}, q); got != want {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	}
}

// TestAverage gives one loop three times the weight of the other.
func TestAverage(t *testing.T) {
	e := Events{Loops: []Loop{
		{Steps: 10, Share: 1, Recorded: Counted{Total: Runs{Count: 20, Time: 2000}, Records: 10}},
		{Steps: 100, Share: 3, Recorded: Counted{Total: Runs{Count: 100, Time: 50000}, Records: 200}},
	}}
	a := e.average()
	// (1×200 + 3×500) ns by (1×2 + 3×1) runs, and by (1×1 + 3×2) records
	if a.Recorded != 340 || a.PerRecord != 1700.0/7 {
		t.Errorf("%+v", a)
	}
}
