package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// ErrAbsent is why a kernel hook is not attached if this kernel does not have
// it, whatever the privileges.
var ErrAbsent = errors.New("not in this kernel")

// errModuleBTFHidden is why fentry may not find a function of a loaded module.
var errModuleBTFHidden = errors.New("only CAP_SYS_ADMIN may read the BTF of modules")

// errSyscallOverhead is why no tracepoint of a system call is attached if
// another mechanism works: it would slow every system call on the host.
var errSyscallOverhead = errors.New("would slow every system call: only used if requested")

// errMechanismUnavailable is why a kernel hook is not attached if it has no
// plan by the requested mechanism.
var errMechanismUnavailable = errors.New("cannot be attached by this mechanism")

// attach attaches all points of a plan, or none.
func (l *loader) attach(plan attachPlan) (links []link.Link, err error) {
	instances := l.instances(plan.points...)
	for _, i := range instances {
		if err := l.load(i); err != nil {
			return nil, err
		}
	}
	for _, i := range instances {
		at, err := l.attachInstance(i)
		if err != nil {
			closeAll(links)
			return nil, err
		}
		links = append(links, at)
	}
	return links, nil
}

func (l *loader) attachInstance(i instance) (link.Link, error) {
	program := l.program(i)
	switch i.kind {
	case "kprobe":
		return link.Kprobe(i.at, program, nil)
	case "kretprobe":
		return kretprobe(i.at, program)
	case "tracepoint":
		group, event := path.Split(i.at)
		return link.Tracepoint(path.Clean(group), event, program, nil)
	}
	return link.AttachTracing(link.TracingOptions{Program: program})
}

// maxActive is how many threads may be in a function at once for all its returns
// to be seen. The kernel's default is one or two for each CPU, too few for calls
// that sleep.
const maxActive = 1024

// limitedMaxActive is a kretprobe with the kernel's default instead of maxActive.
type limitedMaxActive struct{ link.Link }

// limitedMark follows such a kretprobe in Hook.Points.
const limitedMark = " (few at once)"

// Narrow reports whether maxactive could not be set: at most one or two
// concurrent returns per CPU are observed, the kernel's default. If more calls
// sleep at once, some returns are missed; each, except an exec's, is counted as
// lost when its thread makes the next call.
func (h Hook) Narrow() bool {
	return slices.ContainsFunc(h.Points, func(p string) bool { return strings.HasSuffix(p, limitedMark) })
}

// kretprobe needs tracefs to set maxActive. If there is no tracefs, or it cannot
// be written, it attaches without.
func kretprobe(function string, program *ebpf.Program) (link.Link, error) {
	if at, err := link.Kretprobe(function, program, &link.KprobeOptions{RetprobeMaxActive: maxActive}); err == nil {
		return at, nil
	}
	at, err := link.Kretprobe(function, program, nil)
	if err != nil {
		return nil, noFunction(err)
	}
	return limitedMaxActive{at}, nil
}

// noFunction wraps EINVAL in fs.ErrNotExist: a kernel without 97c753e62e6c, 5.10
// or older, returns EINVAL for a kretprobe of a function that does not exist.
func noFunction(err error) error {
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// closeAll detaches in parallel: each link waits for an RCU grace period.
func closeAll(links []link.Link) error {
	errs := make([]error, len(links))
	var all sync.WaitGroup
	for i, l := range links {
		all.Go(func() { errs[i] = l.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// moduleMissing reports whether a kernel module is not loaded, or not ready yet.
// A built-in module has no initstate.
func moduleMissing(name string) bool {
	dir := "/sys/module/" + name
	if state, err := os.ReadFile(dir + "/initstate"); err == nil {
		return string(state) != "live\n"
	}
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}
