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

// ErrAbsent is why a hook is not attached that this kernel does not have,
// whatever the privileges.
var ErrAbsent = errors.New("this kernel has none")

// errHidden is why a function of a module may be there and not be found.
var errHidden = errors.New("only CAP_SYS_ADMIN may look into modules")

// errTax is why no tracepoint of a system call is attached where there is
// another mechanism: it would slow every system call on the host.
var errTax = errors.New("would slow every system call: only where it is asked for")

// errNoWay is why a hook is not attached that the mechanism asked for has not.
var errNoWay = errors.New("cannot be had by this mechanism")

// attach attaches all points of a way, or none.
func (l *loader) attach(w way) (links []link.Link, err error) {
	instances := l.instances(w.points...)
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

// maxActive is in how many threads at once a function is seen to return; by
// itself the kernel takes one or two for each CPU, too few for calls that sleep.
const maxActive = 1024

// narrow is a kretprobe that has no maxActive.
type narrow struct{ link.Link }

// narrowMark follows it in Hook.Points.
const narrowMark = " (few at once)"

// Narrow says that the hook sees few calls at a time return: as many as the
// kernel makes room for by itself, one or two for each CPU. Where more of them
// sleep, some ends are missed: but for an exec's, each is counted as lost when
// its thread makes the next call.
func (h Hook) Narrow() bool {
	return slices.ContainsFunc(h.Points, func(p string) bool { return strings.HasSuffix(p, narrowMark) })
}

// kretprobe needs tracefs to say maxActive, and does without it where there is
// none or it may not be written.
func kretprobe(function string, program *ebpf.Program) (link.Link, error) {
	if at, err := link.Kretprobe(function, program, &link.KprobeOptions{RetprobeMaxActive: maxActive}); err == nil {
		return at, nil
	}
	at, err := link.Kretprobe(function, program, nil)
	if err != nil {
		return nil, noFunction(err)
	}
	return narrow{at}, nil
}

// noFunction tells what a kernel without 97c753e62e6c, of 5.10 or older, means by
// EINVAL for a kretprobe: that there is no such function.
func noFunction(err error) error {
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// closeAll detaches at once what can be: each waits for a grace period of RCU.
func closeAll(links []link.Link) error {
	errs := make([]error, len(links))
	var all sync.WaitGroup
	for i, l := range links {
		all.Go(func() { errs[i] = l.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// moduleMissing says that a kernel module is not there now, or not yet ready. One
// that is built in tells no state.
func moduleMissing(name string) bool {
	dir := "/sys/module/" + name
	if state, err := os.ReadFile(dir + "/initstate"); err == nil {
		return string(state) != "live\n"
	}
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}
