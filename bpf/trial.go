package bpf

import (
	"errors"
	"io/fs"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// tryMechanism returns an error if the kernel does not attach to functions by a
// mechanism, fentry or kprobe. It attaches a program that does nothing to a
// function that every kernel has, and detaches it.
func tryMechanism(mechanism string, types *btf.Cache) error {
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
		return cause(err)
	}
	defer c.Close()
	var at link.Link
	if mechanism == MechanismFentry {
		at, err = link.AttachTracing(link.TracingOptions{Program: c.Programs[spec.Name]})
		err = cause(err)
	} else {
		at, err = kprobe(function, c.Programs[spec.Name])
	}
	if err != nil {
		return err
	}
	return at.Close()
}

// hasSysAdmin reports whether CAP_SYS_ADMIN is effective, by trying something
// that needs it: to list the loaded BTF objects.
func hasSysAdmin() bool {
	var types btf.HandleIterator
	defer func() { types.Handle.Close() }()
	return types.Next() || !errors.Is(types.Err(), fs.ErrPermission)
}

// mayLackPrivilege reports whether err may be due to a missing privilege.
func (a *attacher) mayLackPrivilege(err error) bool {
	return !a.sysAdmin && errors.Is(err, fs.ErrPermission)
}

// tryMechanisms adds the mechanisms that cannot be used to a.rejected. If fentry
// or kprobe works, tracepoints of system calls are used only if requested.
func (a *attacher) tryMechanisms(types *btf.Cache) {
	for _, m := range []string{MechanismFentry, MechanismKprobe} {
		if !a.allows(m) {
			continue
		}
		err := tryMechanism(m, types)
		if err == nil {
			if a.mechanism == MechanismAuto {
				a.reject(MechanismTracepoint, Reason{Obstacle: SyscallOverhead})
			}
			return // the other one may attach to functions that this cannot
		}
		if !a.mayLackPrivilege(err) {
			err = Reason{Obstacle: NotSupported, Err: err}
		}
		a.reject(m, err)
	}
}

// cause returns the errno in err, without what wraps it; err if it has none.
func cause(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
