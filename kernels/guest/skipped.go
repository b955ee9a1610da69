package main

import (
	"errors"
	"io/fs"

	"github.com/cilium/ebpf"
)

// skipped checks that the kernel has run each program whenever it had to. It
// passes one over that is at work on the same processor, in a task that was
// preempted: what is missed then, the program cannot count.
func skipped() []string {
	var p problems
	for id := ebpf.ProgramID(0); ; {
		var err error
		if id, err = ebpf.ProgramGetNextID(id); errors.Is(err, fs.ErrNotExist) {
			return p
		} else if err != nil {
			p.addf("%v", err)
			return p
		}
		if err := p.addSkipped(id); err != nil {
			p.addf("%v", err)
		}
	}
}

func (p *problems) addSkipped(id ebpf.ProgramID) error {
	program, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return err
	}
	defer program.Close()
	info, err := program.Info()
	if err != nil {
		return err
	}
	stats, err := program.Stats()
	if err != nil {
		return err
	}
	if stats.RecursionMisses > 0 {
		p.addf("%s was passed over %d times", info.Name, stats.RecursionMisses)
	}
	return nil
}
