package bpf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/test/host"
)

func TestOpenRefuses(t *testing.T) {
	needRoot(t)
	for name, o := range map[string]Options{
		"buffer size is not a power of two": {BufferSize: 100000},
		"name is too long":                  {Names: []string{"a-name-that-is-longer-than-31-bytes"}},
		"name is empty":                     {Runtimes: []string{""}},
		"name of an init is too long":       {InitNames: []string{"sixteen-bytes-it"}},
		"mechanism is unknown":              {Mechanism: "uprobe"},
	} {
		if p, err := Open(o); err == nil {
			p.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

// TestOpenLeavesMemlock checks that Open restores the limit on locked memory, which
// it lifts for kernels before 5.11: programs executed later inherit it.
func TestOpenLeavesMemlock(t *testing.T) {
	watch(t, "")
	if limit := shared.memlock; limit.after != limit.before || limit.before == (unix.Rlimit{}) {
		t.Errorf("%+v", limit)
	}
}

// TestOpenWithoutTracefs opens the probes in a mount namespace without tracefs.
func TestOpenWithoutTracefs(t *testing.T) {
	if os.Getenv("WITHOUT_TRACEFS") != "" {
		TestEveryProbeIsAttached(t)
		return
	}
	needRoot(t)
	cmd := exec.Command("unshare", "-m", "/bin/sh", "-c",
		`umount /sys/kernel/tracing /sys/kernel/debug/tracing 2>/dev/null; exec "$0" -test.run='^TestOpenWithoutTracefs$' -mechanism=`+*mechanism,
		"/proc/self/exe")
	cmd.Args[len(cmd.Args)-1], _ = os.Executable()
	cmd.Env = append(os.Environ(), "WITHOUT_TRACEFS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestClock(t *testing.T) {
	w := watchAlone(t, Options{})
	var clocks []*event.Event
	host.WaitFor(t, 10*clockInterval, "a second clock event", func() bool {
		clocks = w.seen(event.KindClock, func(*event.Event) bool { return true })
		return len(clocks) >= 2
	}, nil)
	if w.all()[0] != clocks[0] {
		t.Fatalf("the first event is %+v, want a clock event", w.all()[0])
	}
	if between := clocks[1].Time - clocks[0].Time; between < int64(clockInterval) {
		t.Errorf("%v between two clock events, want %v or more", time.Duration(between), clockInterval)
	}
	ahead := time.Since(time.Unix(0, clocks[0].Wall))
	if ran := time.Duration(bootNow() - clocks[0].Time); (ahead - ran).Abs() > 10*time.Millisecond {
		t.Errorf("%v since then by the wall clock, %v by the boot clock", ahead, ran)
	}
}

// TestUrgent measures how soon the exec of a runtime is delivered: the bundle,
// which may soon be deleted, is read only then.
func TestUrgent(t *testing.T) {
	needRoot(t)
	sh := copyProgram(t, "/bin/dash", "cse-urgent")
	p := open(t, Options{Runtimes: []string{"cse-urgent"}})
	defer p.Close()
	after := make(chan time.Duration, 1)
	go func() {
		_ = p.Read(func(e *event.Event) {
			if e.Kind == event.KindExec && e.Comm == "cse-urgent" {
				after <- time.Duration(bootNow() - e.Time)
			}
		})
	}()
	soonest := time.Hour
	for range 10 {
		if err := exec.Command(sh, "-c", ":").Run(); err != nil {
			t.Fatal(err)
		}
		soonest = min(soonest, <-after)
	}
	t.Log("delivered after", soonest)
	if soonest > pollInterval/5 {
		t.Errorf("an exec of a runtime is delivered after %v at best", soonest)
	}
}

func init() { scenarios["renames"] = runRenames }

const (
	renames     = 30_000 // twice as many as the buffer has room for
	renameBurst = 1000   // in a millisecond: the buffer is full after half of pollInterval
)

// The race detector slows the reader down so much that it can read only these: then
// the test looks for races, and make test runs it once more without.
const renameBurstInRace = 100

// runRenames makes records as fast as it can. With its header, each occupies 128
// bytes, of which the buffer's size is a multiple.
func runRenames(string) (results, error) {
	name := []byte("renamed\x00")
	burst := renameBurst
	if raceDetector {
		burst = renameBurstInRace
	}
	for i := range renames {
		if i%burst == 0 { // else a reader that is awake, on a slow CPU, may lose some as well
			time.Sleep(time.Millisecond)
		}
		if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// TestReaderIsWoken writes more records in pollInterval than fit in the buffer:
// none is lost, as the programs wake the reader when some are there.
func TestReaderIsWoken(t *testing.T) {
	needRoot(t)
	p := open(t, Options{Names: []string{"cse-renames"}})
	reported := 0
	done := make(chan error)
	go func() {
		done <- p.Read(func(e *event.Event) {
			if e.Kind == event.KindRename && e.Name == "renamed" {
				reported++
			}
		})
	}()
	play(t, "cse-renames", "renames")
	if err := p.Drain(10 * time.Second); err != nil {
		t.Error("drain:", err)
	}
	lost := p.Stats().Lost[Loss{event.KindRename, CauseBufferFull}]
	if err := errors.Join(p.Close(), <-done); err != nil {
		t.Error("close:", err)
	}
	if reported != renames || lost != 0 {
		t.Errorf("%d of %d renames are reported, %d lost", reported, renames, lost)
	}
}

// TestStatsAfterClose reads the counters as a scrape during the shutdown does.
func TestStatsAfterClose(t *testing.T) {
	w := watchAlone(t, Options{})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if s := w.Stats(); s.BufferUsed != 0 {
		t.Errorf("%+v", s)
	}
	if err := w.Drain(time.Second); err == nil {
		t.Error("drain after close: no error")
	}
}

func TestLost(t *testing.T) {
	needRoot(t)
	const forks = 1000
	sh := copyProgram(t, "/bin/dash", "cse-lost")
	p := open(t, Options{Names: []string{"cse-lost"}, BufferSize: 1 << 16})
	// nothing reads yet: most forks do not fit in the buffer
	cmd := exec.Command(sh, "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do (:); i=$((i+1)); done", forks))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	w := &watcher{Probes: p, t: t}
	done := make(chan error)
	go func() { done <- p.Read(w.sink) }()
	received := w.seen(event.KindFork, byPID(cmd.Process.Pid))
	lost := w.seen(event.KindLost, func(e *event.Event) bool {
		return e.What == string(event.KindFork) && e.Cause == string(CauseBufferFull)
	})
	if len(lost) != 1 || len(received)+int(lost[0].Lost) != forks {
		t.Errorf("%d forks received, lost %v: the sum is not %d", len(received), lost, forks)
	}
	for _, e := range w.all() {
		if e.Kind == event.KindLost {
			break
		}
		if e.Kind != event.KindClock && e.Kind != event.KindProcess {
			t.Fatalf("%s comes before the lost event", e.Kind)
		}
	}
	if s := p.Stats(); s.Lost[Loss{event.KindFork, CauseBufferFull}] != lost[0].Lost || s.BufferSize != 1<<16 {
		t.Errorf("stats: %+v", s)
	}
	p.Close()
	if err := <-done; err != nil {
		t.Error("read:", err)
	}
}
