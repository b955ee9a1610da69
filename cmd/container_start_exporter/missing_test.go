package main

import (
	"slices"
	"testing"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
)

// TestProbesAreKnown checks that the collector knows of each kernel probe what starts
// lack without it, and of no others.
func TestProbesAreKnown(t *testing.T) {
	probes, known := bpf.Names(), collector.KnownProbes()
	slices.Sort(probes)
	slices.Sort(known)
	if !slices.Equal(probes, known) {
		t.Errorf("there are the probes\n%q, and the collector knows\n%q", probes, known)
	}
}

// TestMissing checks which probes make starts lack something: not one that waits for its
// module.
func TestMissing(t *testing.T) {
	got := missing([]bpf.ProbeStatus{
		{Name: "mount", State: bpf.Failed}, {Name: "exec", State: bpf.Attached},
		{Name: "veth_newlink", State: bpf.Waiting}, {Name: "copy_net_ns", State: bpf.Absent},
	})
	if want := []string{"mount", "copy_net_ns"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
