package kernels

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

//go:embed privileges.sh
var privilegesScript string

// TestTwoCapabilities runs the exporter as a user with CAP_BPF and CAP_PERFMON:
// every probe is attached that root can attach, those of a module once it is
// loaded, and then both capabilities are dropped.
func TestTwoCapabilities(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		out := runScript(t, Machine{
			Name: t.Name(), Kernel: k, Disks: []string{disk(t, userlands[0])}, Timeout: 10 * time.Minute,
			Initramfs: Initramfs{
				Carry:   []string{"veth"},
				Files:   map[string]string{"/usr/local/bin/container_start_exporter": host.StaticExporter(t)},
				Command: privilegesScript,
			},
		})

		root, waits, loaded := probeStates(out["root"]), probeStates(out["waits"]), probeStates(out["loaded"])
		for _, probe := range slices.Sorted(maps.Keys(root)) {
			if want := root[probe]; waits[probe] != want {
				t.Errorf("%s: %q, as root %q", probe, waits[probe], want)
			}
			if !strings.HasPrefix(probe, "veth_") && loaded[probe] != waits[probe] {
				t.Errorf("%s: %q, and with veth loaded %q", probe, waits[probe], loaded[probe])
			}
		}
		for _, probe := range []string{"veth_newlink", "veth_dellink"} {
			if waits[probe] != "kprobe waits" || loaded[probe] != "kprobe yes" {
				t.Errorf("%s: %q, and with its module %q", probe, waits[probe], loaded[probe])
			}
		}
		const perfmon, bpf = 38, 39
		for state, want := range map[string]int{"waits": 1<<bpf | 1<<perfmon, "loaded": 0} {
			if !strings.Contains(out[state], fmt.Sprintf("CapEff:\t%016x", want)) {
				t.Errorf("%s: capabilities are not %x:\n%s", state, want, out[state])
			}
		}

		const lost = "without CAP_SYS_ADMIN: neither kprobes"
		if !strings.Contains(out["refused"], lost) || probeStates(out["refused"])["mount"] == "kprobe yes" {
			t.Errorf("kprobes without CAP_SYS_ADMIN:\n%s", out["refused"])
		}
		if strings.Contains(out["allowed"], lost) || probeStates(out["allowed"])["mount"] != "kprobe yes" {
			t.Errorf("kprobes with CAP_SYS_ADMIN:\n%s", out["allowed"])
		}
		if old := strings.HasPrefix(k.Release, "5.10."); old != strings.Contains(out["locked"], "CAP_SYS_RESOURCE") {
			t.Errorf("with little locked memory:\n%s", out["locked"])
		}
	})
}

// probeStates returns, by probe, the mechanism and the state in a table that check
// prints.
func probeStates(table string) map[string]string {
	states := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) +(\w+) +(yes|no|waits) `).FindAllStringSubmatch(table, -1) {
		states[m[1]] = m[2] + " " + m[3]
	}
	return states
}
