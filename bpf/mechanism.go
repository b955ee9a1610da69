package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// The mechanisms. Of fentry, kprobe and tracepoint a probe uses the first that
// the kernel supports: see c/entry.h.
const (
	MechanismAuto       = "auto"
	MechanismFentry     = "fentry"
	MechanismKprobe     = "kprobe"
	MechanismTracepoint = "tracepoint"

	mechanismBTF      = "tp_btf"
	mechanismIterator = "iter"
	mechanismNetlink  = "netlink"
)

// Mechanisms are the valid values of Options.Mechanism.
var Mechanisms = []string{MechanismAuto, MechanismFentry, MechanismKprobe, MechanismTracepoint}

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
		return kprobe(i.at, program)
	case "kretprobe":
		return kretprobe(i.at, program)
	case "tracepoint":
		group, event := path.Split(i.at)
		at, err := link.Tracepoint(path.Clean(group), event, program, nil)
		return at, perfEventError(err, unix.CAP_DAC_READ_SEARCH)
	}
	return link.AttachTracing(link.TracingOptions{Program: program})
}

// maxActive is how many threads may be in a function at once for all its returns
// to be seen. The kernel's default is one or two for each CPU, too few for calls
// that sleep.
const maxActive = 1024

// limitedMaxActive is a kretprobe with the kernel's default instead of maxActive.
type limitedMaxActive struct{ link.Link }

func kprobe(function string, program *ebpf.Program) (link.Link, error) {
	at, err := link.Kprobe(function, program, nil)
	return at, perfEventError(err)
}

// kretprobe needs tracefs to set maxActive. If there is no tracefs, or it cannot
// be written, it attaches without.
func kretprobe(function string, program *ebpf.Program) (link.Link, error) {
	if at, err := link.Kretprobe(function, program, &link.KprobeOptions{RetprobeMaxActive: maxActive}); err == nil {
		return at, nil
	}
	at, err := link.Kretprobe(function, program, nil)
	if err != nil {
		return nil, perfEventError(noFunction(err))
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
