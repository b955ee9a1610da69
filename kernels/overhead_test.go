package kernels

import (
	"encoding/json"
	"flag"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

var overheadFlag = flag.String("overhead", "", "arguments of bpf/overhead, such as --rounds=3: run it in the kernels, too")

// free are the loops that make no difference to the probes, by the mechanisms
// that leave the system call itself alone.
var free = map[string]bool{"getppid": true, "sendto": true}

// TestOverhead measures what the probes cost, in instructions: under emulation
// a nanosecond says nothing, so the machine's clock counts them instead.
func TestOverhead(t *testing.T) {
	if *overheadFlag == "" {
		t.Skip("takes minutes: make bench-overhead-kernels")
	}
	eachKernel(t, func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("its program cannot be built for this host")
		}
		c, err := Machine{
			Name: t.Name(), Kernel: k, Timeout: 40 * time.Minute,
			Append: "norandmaps", // where a program lies decides how many pages of page tables an exec takes
			Initramfs: Initramfs{
				Load:    []string{"veth"},
				Files:   map[string]string{"/overhead": buildStatic(t, "container_start_exporter/bpf/overhead")},
				Command: "/overhead --report=/report " + *overheadFlag + " 2>/dev/console && cat /report",
			},
		}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, in which a nanosecond is an instruction\n%s", c.Log, c.Output)
		if c.Exit != 0 {
			t.Fatalf("overhead ends with status %d", c.Exit)
		}
		lookAtTax(t, c.Output)
	})
}

// lookAtTax finds no instruction more in system calls that are not probed,
// except by the mechanism that is in the way of each: else it would find
// nothing at all.
func lookAtTax(t *testing.T, output string) {
	at := strings.Index(output, "\n{\n")
	if at < 0 {
		t.Fatal("no report")
	}
	var report struct {
		Times []struct {
			Loop          string
			Configuration string
			More          float64 `json:"more_ns"`
		}
	}
	if err := json.Unmarshal([]byte(output[at:]), &report); err != nil {
		t.Fatal(err)
	}
	for _, m := range report.Times {
		tax := math.Abs(m.More) >= 1
		_, mechanism, _ := strings.Cut(m.Configuration, " ")
		if want := mechanism == "tracepoint"; free[m.Loop] && tax != want {
			t.Errorf("%s under %s: %+.3f instructions", m.Loop, m.Configuration, m.More)
		}
	}
}
