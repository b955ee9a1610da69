package kernels

import (
	"encoding/json"
	"flag"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

var overheadFlag = flag.String("overhead", "", "arguments of test/overhead, such as --rounds=3: run it in the kernels")

// unprobed are the loops whose system calls are not probed by fentry or kprobe.
var unprobed = map[string]bool{"getppid": true, "sendto": true}

// TestOverhead measures what the probes cost, in instructions: emulation makes
// nanoseconds meaningless, so the machine's clock counts instructions instead.
func TestOverhead(t *testing.T) {
	if *overheadFlag == "" {
		t.Skip("takes minutes: make bench-overhead-kernels")
	}
	eachKernel(t, func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("a static binary is built only for this host's architecture")
		}
		c, err := Machine{
			Name: t.Name(), Kernel: k, Timeout: 40 * time.Minute,
			Append: "norandmaps", // a program's addresses decide how many pages of page tables an exec needs
			Initramfs: Initramfs{
				Load:    []string{"veth"},
				Files:   map[string]string{"/overhead": host.Build(t, "container_start_exporter/test/overhead")},
				Command: "/overhead --report=/report " + *overheadFlag + " 2>/dev/console && cat /report",
			},
		}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s; a nanosecond is an instruction\n%s", c.Log, c.Output)
		if c.Exit != 0 {
			t.Fatalf("overhead ends with status %d", c.Exit)
		}
		checkTax(t, c.Output)
	})
}

// checkTax checks that system calls without a probe execute no more instructions
// with fentry or kprobe than without, and some more with tracepoints: without
// that second check, a measurement that sees nothing would pass.
func checkTax(t *testing.T, output string) {
	at := strings.Index(output, "\n{\n")
	if at < 0 {
		t.Fatal("no report")
	}
	var report struct {
		Without map[string]string
		Times   []struct {
			Loop          string
			Configuration string
			More          float64 `json:"more_ns"`
		}
	}
	if err := json.Unmarshal([]byte(output[at:]), &report); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range []string{"fentry", "kprobe", "tracepoint"} {
		if why := report.Without[mechanism]; why != "" {
			t.Errorf("%s is not measured: %s", mechanism, why)
		}
	}
	for _, m := range report.Times {
		if !unprobed[m.Loop] {
			continue
		}
		tax := math.Abs(m.More) >= 1
		if tax != strings.HasSuffix(m.Configuration, " tracepoint") {
			t.Errorf("%s with %s: %+.3f instructions", m.Loop, m.Configuration, m.More)
		}
	}
}
