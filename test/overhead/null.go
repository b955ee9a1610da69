package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// nulls are programs that only return, at the attach points of the exporter's
// programs: they show the cost of a probe that does nothing.
type nulls struct {
	programs map[string][]*ebpf.Program // by attach point, which two probes may share
	links    []io.Closer
}

// attachNulls attaches a null program to each point, written as in bpf.ProbeStatus.
func attachNulls(points []string) (*nulls, error) {
	n := &nulls{programs: map[string][]*ebpf.Program{}}
	for _, point := range points {
		if err := n.attach(point); err != nil {
			return nil, errors.Join(fmt.Errorf("attach a null program to %s: %w", point, err), n.Close())
		}
	}
	return n, nil
}

func (n *nulls) attach(point string) error {
	mechanism, at, _ := strings.Cut(point, ":")
	spec := &ebpf.ProgramSpec{
		Name:         "null",
		Type:         ebpf.Tracing,
		AttachTo:     at,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
		License:      "GPL",
	}
	attach := func(p *ebpf.Program) (link.Link, error) { return link.AttachTracing(link.TracingOptions{Program: p}) }
	switch mechanism {
	case "tp_btf":
		spec.AttachType = ebpf.AttachTraceRawTp
	case "fentry":
		spec.AttachType = ebpf.AttachTraceFEntry
	case "fexit":
		spec.AttachType = ebpf.AttachTraceFExit
	case "kprobe":
		spec.Type, spec.AttachTo = ebpf.Kprobe, ""
		attach = func(p *ebpf.Program) (link.Link, error) { return link.Kprobe(at, p, nil) }
	case "kretprobe":
		spec.Type, spec.AttachTo = ebpf.Kprobe, ""
		attach = func(p *ebpf.Program) (link.Link, error) { return link.Kretprobe(at, p, nil) }
	case "tracepoint":
		spec.Type, spec.AttachTo = ebpf.TracePoint, ""
		group, name, _ := strings.Cut(at, "/")
		attach = func(p *ebpf.Program) (link.Link, error) { return link.Tracepoint(group, name, p, nil) }
	case "iter": // runs once, when the probes are opened
		return nil
	default:
		return errors.New("unknown mechanism")
	}
	p, err := ebpf.NewProgram(spec)
	if err != nil {
		return err
	}
	n.programs[point] = append(n.programs[point], p)
	l, err := attach(p)
	if err != nil {
		return err
	}
	n.links = append(n.links, l)
	return nil
}

// Close detaches all programs in parallel, because each detach waits for an RCU
// grace period.
func (n *nulls) Close() error {
	err := closeAll(n.links)
	for _, at := range n.programs {
		for _, p := range at {
			err = errors.Join(err, p.Close())
		}
	}
	return err
}

func (n *nulls) counters() (programs, error) {
	all := programs{}
	for point, at := range n.programs {
		for _, p := range at {
			s, err := p.Stats()
			if err != nil {
				return nil, err
			}
			all[point] = all[point].plus(Runs{s.RunCount, s.Runtime})
		}
	}
	return all, nil
}

func (n *nulls) received() (uint64, error) { return 0, nil }

func closeAll(closers []io.Closer) error {
	errs := make([]error, len(closers))
	var all sync.WaitGroup
	for i, c := range closers {
		all.Go(func() { errs[i] = c.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}
