package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
)

// tracefsError returns an error of tracefs as the eBPF library wraps it.
func tracefsError(name string, err error) error {
	return fmt.Errorf("reading file: %w", &fs.PathError{Op: "open", Path: "/sys/kernel/tracing/events/" + name, Err: err})
}

func TestWriteHooks(t *testing.T) {
	var b strings.Builder
	err := writeHooks(&b, []bpf.Hook{
		{Name: "mount", Mechanism: "fentry", Attached: true, Feeds: "mounts"},
		{Name: "veth_newlink", Mechanism: "kprobe", Waiting: true, Feeds: "veths", Err: errors.New("not found")},
		{Name: "listen", Mechanism: "tracepoint", Feeds: "ready", Err: errors.Join(
			fmt.Errorf("fentry: %w", unix.EINVAL), fmt.Errorf("tracepoint: %w", tracefsError("syscalls/sys_exit_listen/id", unix.EACCES)))},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `kernel hook   mechanism   attached  provides
mount         fentry      yes       mounts
veth_newlink  kprobe      waits     MISSING until its module is loaded: veths
listen        tracepoint  no        MISSING: ready (fentry: invalid argument; tracepoint: open /sys/kernel/tracing/events/syscalls/sys_exit_listen/id: permission denied)

1 of 3 hooks are attached, 1 more once their module is loaded: starts are timed; what depends on the others is missing or less precise
`
	if got := b.String(); !strings.HasPrefix(got, want) { // what follows depends on this process's capabilities
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteNarrowHooks(t *testing.T) {
	var b strings.Builder
	err := writeHooks(&b, []bpf.Hook{
		{Name: "mount", Attached: true, Points: []string{"kretprobe:__x64_sys_mount (few at once)", "kprobe:__x64_sys_mount"}},
		{Name: "clone", Attached: true, Points: []string{"kprobe:create_new_namespaces"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "\n1 of 2 hooks observe only one or two concurrent returns "; !strings.Contains(b.String(), want) {
		t.Errorf("got\n%s\nwant it to contain %q", b.String(), want)
	}
}

// TestWhyHooksAreMissing checks that errors are distinguished by the capability
// that would help.
func TestWhyHooksAreMissing(t *testing.T) {
	for name, tc := range map[string]struct {
		err                                   error
		tracefs, noTracefs, refused, notFound bool
	}{
		"tracefs forbidden":      {err: tracefsError("syscalls/sys_enter_mount/id", unix.EACCES), tracefs: true, refused: true},
		"no such tracepoint":     {err: tracefsError("syscalls/sys_enter_mount/id", unix.ENOENT)},
		"an event of a kprobe":   {err: tracefsError("ebpf_1/mount/id", unix.EACCES), refused: true},
		"tracefs is not mounted": {err: fmt.Errorf("tracepoint: %w: %w", bpf.ErrNoTracefs, unix.EPERM), noTracefs: true, refused: true},
		"not in the kernel":      {err: fmt.Errorf("fentry: %w", ebpf.ErrNotSupported), notFound: true},
		"a perf event":           {err: fmt.Errorf("kprobe: %w", unix.EACCES), refused: true},
		"attached":               {},
	} {
		h := bpf.Hook{Err: errors.Join(tc.err)}
		if tracefsForbidden(h) != tc.tracefs || tracefsMissing(h) != tc.noTracefs || refused(h) != tc.refused || notFound(h) != tc.notFound {
			t.Errorf("%s: %v %v %v %v", name, tracefsForbidden(h), tracefsMissing(h), refused(h), notFound(h))
		}
	}
}
