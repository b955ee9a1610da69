package kernels

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

//go:embed fault_clock.sh
var faultClockScript string

// clockStep is by how much fault_clock.sh steps the wall clock in the middle of the
// start named within.
const clockStep = time.Hour

// TestFaultClockStep steps the wall clock by hours between starts and within one,
// forward and back: durations stay those of the boot clock, each start has begun when
// the wall clock at that time says, and the exporter goes on.
func TestFaultClockStep(t *testing.T) {
	firstAndLastKernel(t, func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("its userland cannot be installed on this host")
		}
		out := runScript(t, Machine{
			Name: t.Name(), Kernel: k, Disks: []string{disk(t, userlands[0])}, Timeout: 10 * time.Minute,
			Initramfs: Initramfs{
				Load:    []string{"overlay"},
				Files:   map[string]string{"/usr/local/bin/container_start_exporter": host.Exporter(t)},
				Command: faultClockScript,
			},
		})
		if !strings.HasPrefix(out["healthy"], "healthy") {
			t.Fatalf("/-/healthy answers %q; the log:\n%s", out["healthy"], out["log"])
		}
		starts := clockStarts(t, out)
		for _, name := range []string{"first", "forward", "back", "within"} {
			t.Run(name, func(t *testing.T) {
				s, reported := starts[name]
				if !reported {
					t.Fatalf("not reported\n%s\n%s", out[name+" began"], out["log"])
				}
				s.check(t, clocksOf(t, out[name+" began"]), clocksOf(t, out[name+" ended"]))
			})
		}
		checkClockMetrics(t, out["metrics"], len(starts))
	})
}

// clockStart is a start as watch reports it.
type clockStart struct {
	ContainerID string    `json:"container_id"`
	Outcome     string    `json:"outcome"`
	Begin       time.Time `json:"begin"`
	Duration    int64     `json:"duration_ns"`
	Phases      []struct {
		Duration int64 `json:"duration_ns"`
	} `json:"phases"`
}

func clockStarts(t *testing.T, out map[string]string) map[string]clockStart {
	t.Helper()
	starts := map[string]clockStart{}
	for line := range strings.Lines(out["starts"]) {
		var s clockStart
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		starts[s.ContainerID] = s
	}
	return starts
}

// clocks are the wall clock and the boot clock at one time.
type clocks struct {
	wall time.Time
	boot time.Duration
}

// clocksOf reads the clocks that fault_clock.sh prints.
func clocksOf(t *testing.T, text string) clocks {
	t.Helper()
	var wall, boot float64
	if _, err := fmt.Sscanf(text, "%f\n%f", &wall, &boot); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return clocks{time.UnixMicro(int64(wall * 1e6)), time.Duration(boot * 1e9)}
}

// check checks a start with the clocks before and after its container ran. Those of
// /proc/uptime are in hundredths of a second.
func (s clockStart) check(t *testing.T, before, after clocks) {
	t.Helper()
	if s.Outcome != "started" {
		t.Errorf("%s", s.Outcome)
	}
	const precision = 20 * time.Millisecond
	if d := time.Duration(s.Duration); d <= 0 || d > after.boot-before.boot+precision {
		t.Errorf("it lasts %v; the container ran for %v", d, after.boot-before.boot)
	}
	var sum int64
	for _, p := range s.Phases {
		if sum += p.Duration; p.Duration < 0 {
			t.Errorf("a phase of %v", time.Duration(p.Duration))
		}
	}
	if sum != s.Duration {
		t.Errorf("the phases sum to %v, the start lasts %v", time.Duration(sum), time.Duration(s.Duration))
	}
	begin := s.Begin
	if s.ContainerID == "within" && begin.After(before.wall.Add(clockStep/2)) {
		begin = begin.Add(-clockStep) // by the clock at its end
	}
	if latest := before.wall.Add(after.boot - before.boot); begin.Before(before.wall.Add(-precision)) || begin.After(latest.Add(precision)) {
		t.Errorf("it begins at %v; it ran from %v to %v", begin.UTC(), before.wall.UTC(), latest.UTC())
	}
}

// checkClockMetrics checks that the metrics count the starts as successful, and that
// no value of a counter or histogram is negative.
func checkClockMetrics(t *testing.T, text string, n int) {
	t.Helper()
	m, err := scrape.Parse(strings.NewReader(text + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"container_starts_total": float64(n), "container_start_duration_seconds": float64(n),
		"container_starts_incomplete_total": 0, "container_starts_in_progress": 0,
	} {
		if got := m.Sum(name, nil); got != want {
			t.Errorf("%s is %v; want %v", name, got, want)
		}
	}
	for name, family := range m {
		for _, series := range family.GetMetric() {
			if strings.HasPrefix(name, "container_start") && (series.GetCounter().GetValue() < 0 || series.GetGauge().GetValue() < 0 || series.GetHistogram().GetSampleSum() < 0) {
				t.Errorf("%s: %v", name, series)
			}
		}
	}
}
