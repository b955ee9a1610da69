package bpf

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// try attaches a program that does nothing to a function that every kernel has,
// and detaches it: whether the kernel hooks functions by this mechanism, fentry
// or kprobe.
func try(mechanism string, types *btf.Cache) error {
	function := syscallFunction("chroot")
	spec := &ebpf.ProgramSpec{
		Name: "trial", Type: ebpf.Kprobe, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	}
	if mechanism == MechanismFentry {
		spec.Type, spec.AttachType, spec.AttachTo = ebpf.Tracing, ebpf.AttachTraceFEntry, function
	}
	c, err := ebpf.NewCollectionWithOptions(
		&ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{spec.Name: spec}}, ebpf.CollectionOptions{Cache: types})
	if err != nil {
		return err
	}
	defer c.Close()
	var at link.Link
	if mechanism == MechanismFentry {
		at, err = link.AttachTracing(link.TracingOptions{Program: c.Programs[spec.Name]})
	} else {
		at, err = link.Kprobe(function, c.Programs[spec.Name], nil)
	}
	if err != nil {
		return err
	}
	return at.Close()
}

// sysAdmin asks the kernel for what only CAP_SYS_ADMIN may: to list the types
// that are loaded.
func sysAdmin() bool {
	var types btf.HandleIterator
	defer func() { types.Handle.Close() }()
	return types.Next() || !errors.Is(types.Err(), fs.ErrPermission)
}

// mayLack says that the kernel may have refused for want of a privilege.
func (a *attacher) mayLack(err error) bool { return !a.sysAdmin && errors.Is(err, fs.ErrPermission) }

// tryAll finds the mechanisms that cannot be used, and why. Where functions can
// be hooked, no tracepoint of a system call is attached unless that is asked for.
func (a *attacher) tryAll(types *btf.Cache) {
	for _, m := range []string{MechanismFentry, MechanismKprobe} {
		if !a.allows(m) {
			continue
		}
		err := try(m, types)
		if err == nil {
			if a.mechanism == MechanismAuto {
				a.refuse[MechanismTracepoint] = errTax
			}
			return // the next is for functions that this cannot have
		}
		a.refuse[m] = cause(err)
		if !a.mayLack(err) {
			a.refuse[m] = fmt.Errorf("not with this kernel: %w", cause(err))
		}
	}
}

// cause is what the kernel said, without what led to it.
func cause(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
