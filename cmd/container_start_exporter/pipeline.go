package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/cilium/ebpf/rlimit"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
	"container_start_exporter/collector/event"
	"container_start_exporter/internal/bundle"
	"container_start_exporter/internal/privilege"
)

// pipeline passes the events of the probes to the assembler, which reports to an
// observer. Its counters may be read while it runs.
type pipeline struct {
	mu        sync.Mutex // guards assembler
	assembler *collector.Assembler
	bundles   *bundle.Reader
	recheck   recheck
}

func newPipeline(c collector.Config, starts collector.StartObserver, node collector.NodeObserver) *pipeline {
	p := &pipeline{assembler: collector.New(c, starts, node)}
	p.bundles = bundle.NewReader(p.handle)
	return p
}

// setMissing makes every start say what it lacks because of probes that are not
// attached.
func (p *pipeline) setMissing(probes []bpf.ProbeStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.assembler.SetMissing(missing(probes))
}

// missing returns the names of the probes that miss events.
func missing(probes []bpf.ProbeStatus) (names []string) {
	for _, one := range probes {
		if one.MissesEvents() {
			names = append(names, one.Name)
		}
	}
	return names
}

// read reads the probes until they are closed.
func (p *pipeline) read(probes *bpf.Probes) error {
	p.setMissing(probes.Status())
	if err := probes.Read(p.bundles.Handle); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return nil
}

func (p *pipeline) handle(e *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.assembler.Handle(e)
	switch e.Kind {
	case event.KindLost:
		p.recheck.lost()
	case event.KindClock:
		p.recheck.tick(p.assembler, e)
	}
}

func (p *pipeline) stats() collector.Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.assembler.Stats()
}

// close ends the starts in progress as incomplete.
func (p *pipeline) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.assembler.Close()
}

// openProbes attaches the probes. It returns an error without trying if the process
// does not have the privileges.
func openProbes(c *common) (*bpf.Probes, error) {
	if err := privilege.Require(); err != nil {
		return nil, err
	}
	probes, err := bpf.Open(c.probes())
	if errors.Is(err, fs.ErrPermission) && rlimit.RemoveMemlock() != nil {
		err = fmt.Errorf("before Linux 5.11 probes need locked memory, and the limit is too low: "+
			"raise it (LimitMEMLOCK, ulimits) or add CAP_SYS_RESOURCE: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("attach the probes: %w", err)
	}
	return probes, nil
}

// dropPrivileges drops the capabilities that the attached probes do not need, but
// for those in keep, unless --privileges.keep is set.
func (c *common) dropPrivileges(probes *bpf.Probes, keep ...cap.Value) error {
	if c.keepPrivileges {
		return nil
	}
	if err := privilege.Drop(func() bool { return anyWaiting(probes.Status()) }, keep...); err != nil {
		return fmt.Errorf("%w: to continue with all of them, use --privileges.keep", err)
	}
	return nil
}

// follow attaches the probes, drops the privileges that are no longer needed, calls
// begin with the status of the probes, and passes events to sink until it is interrupted
// or an error comes from failed.
func follow(c *common, begin func([]bpf.ProbeStatus), sink func(*event.Event), failed <-chan error) error {
	probes, err := openProbes(c)
	if err != nil {
		return err
	}
	defer probes.Close()
	if err := c.dropPrivileges(probes); err != nil {
		return err
	}
	done := interrupted()
	printAttached(probes.Status())
	begin(probes.Status())
	ended := make(chan error, 1)
	go func() { ended <- probes.Read(sink) }()
	select {
	case <-done:
		_ = probes.Drain(drainTimeout) // show what has happened until now
		return probes.Close()
	case err := <-failed:
		return err
	case err := <-ended:
		return fmt.Errorf("read events: %w", cmp.Or(err, io.ErrUnexpectedEOF))
	}
}
