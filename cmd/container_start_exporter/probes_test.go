package main

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
	"container_start_exporter/internal/privilege"
)

func TestWriteTable(t *testing.T) {
	var b strings.Builder
	err := writeTable(&b, []bpf.ProbeStatus{
		{Name: "mount", Mechanism: "fentry", State: bpf.Attached, Impact: "mounts"},
		{Name: "veth_newlink", Mechanism: "kprobe", State: bpf.Waiting, Impact: "veths"},
		{Name: "open_tree_attr", Mechanism: "kprobe", State: bpf.Absent, Impact: "trees", Reasons: []bpf.Reason{
			{Mechanism: "fentry", Obstacle: bpf.NotInKernel}, {Mechanism: "kprobe", Obstacle: bpf.NotInKernel}}},
		{Name: "listen", Mechanism: "tracepoint", State: bpf.Failed, Impact: "ready", Reasons: []bpf.Reason{
			{Mechanism: "fentry", Err: unix.EINVAL},
			{Mechanism: "tracepoint", Obstacle: bpf.TracefsForbidden, Err: &fs.PathError{Op: "open", Path: "/sys/kernel/tracing/id", Err: unix.EACCES}}}},
	}, []privilege.Restriction{{Capability: "CAP_DAC_READ_SEARCH", Effect: "no tracepoints"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `probe           mechanism   attached  provides
mount           fentry      yes       mounts
veth_newlink    kprobe      waits     MISSING until its module is loaded: veths
open_tree_attr  kprobe      no        MISSING: trees (not in this kernel)
listen          tracepoint  no        MISSING: ready (fentry: invalid argument; tracepoint: no access to tracefs: permission denied)

1 of 4 probes are attached, 1 more once their module is loaded: starts are timed; what depends on the others is missing or less precise
without CAP_DAC_READ_SEARCH: no tracepoints
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteLimitedProbes(t *testing.T) {
	var b strings.Builder
	err := writeTable(&b, []bpf.ProbeStatus{
		{Name: "mount", State: bpf.Attached, LimitedMaxActive: true},
		{Name: "clone", State: bpf.Attached},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "\n1 of 2 probes observe only one or two concurrent returns "; !strings.Contains(b.String(), want) {
		t.Errorf("got\n%s\nwant it to contain %q", b.String(), want)
	}
}
