package kernels

import (
	_ "embed"
	"runtime"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

//go:embed unwatched.sh
var unwatchedScript string

// TestUnwatched makes a veth pair and, if the kernel can, a mount namespace by
// open_tree, in processes that nothing makes the exporter watch. The exporter, by
// each mechanism, counts one of each as made by others than a start.
func TestUnwatched(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("a static binary is built only for this host's architecture")
		}
		out := runScript(t, Machine{
			Name: t.Name(), Kernel: k, Timeout: 15 * time.Minute,
			Initramfs: Initramfs{
				Load: []string{"veth"},
				Files: map[string]string{
					"/usr/local/bin/container_start_exporter": host.StaticExporter(t),
					"/usr/local/bin/opentree":                 host.Build(t, "container_start_exporter/test/kernels/opentree"),
				},
				Command: unwatchedScript,
			},
		})
		mountNamespaces := 0.0
		if k.atLeast(7, 1) {
			mountNamespaces = 1
		}
		if created := strings.HasPrefix(out["made"], "created"); created != (mountNamespaces == 1) {
			t.Errorf("open_tree: %s", out["made"])
		}
		typed := strings.HasPrefix(out["types of veth"], "/sys/kernel/btf/veth")
		for _, mechanism := range []string{"fentry", "kprobe", "tracepoint"} {
			t.Run(mechanism, func(t *testing.T) {
				r := unwatchedRun{mechanism: mechanism, out: out}
				r.checkProbe(t, mechanism == "kprobe" || mechanism == "fentry" && typed)
				r.checkCounts(t, mountNamespaces)
			})
		}
	})
}

// unwatchedRun is what unwatched.sh printed of the exporter by one mechanism.
type unwatchedRun struct {
	mechanism string
	out       map[string]string
}

// checkProbe checks whether the exporter probes the driver of veth: if not, it
// counts pairs by notifications.
func (r unwatchedRun) checkProbe(t *testing.T, want bool) {
	t.Helper()
	selector := scrape.Labels{"probe": "veth_newlink", "mechanism": r.mechanism}
	if got := r.metrics(t, "before").Sum("container_start_exporter_probe_attached", selector) == 1; got != want {
		t.Errorf("veth_newlink is probed by %s: %t; want %t", r.mechanism, got, want)
	}
}

// checkCounts checks that the exporter still runs and has counted what was made, and
// nothing else.
func (r unwatchedRun) checkCounts(t *testing.T, mountNamespaces float64) {
	t.Helper()
	if answer := r.out[r.mechanism+" healthy"]; answer != "healthy" {
		t.Fatalf("/-/healthy answers %q; the log:\n%s", answer, r.out[r.mechanism+" log"])
	}
	before, after := r.metrics(t, "before"), r.metrics(t, "after")
	for _, c := range []struct {
		name     string
		selector scrape.Labels
		want     float64
	}{
		{"container_start_veths_created_total", scrape.Labels{"origin": "other"}, 1},
		{"container_start_veths_created_total", nil, 1},
		{"container_start_namespaces_created_total", scrape.Labels{"namespace_type": "mnt", "origin": "other"}, mountNamespaces},
		{"container_start_namespaces_created_total", nil, mountNamespaces},
		{"container_start_exporter_events_lost_total", nil, 0},
	} {
		if got := after.Sum(c.name, c.selector) - before.Sum(c.name, c.selector); got != c.want {
			t.Errorf("%s%v has grown by %v; want %v", c.name, c.selector, got, c.want)
		}
	}
}

// metrics returns what the exporter counted before or after.
func (r unwatchedRun) metrics(t *testing.T, when string) scrape.Metrics {
	t.Helper()
	m, err := scrape.Parse(strings.NewReader(r.out[r.mechanism+" "+when] + "\n"))
	if err != nil {
		t.Fatalf("%s %s: %v", r.mechanism, when, err)
	}
	return m
}
