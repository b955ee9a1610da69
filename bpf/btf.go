package bpf

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf/btf"
)

// KernelBTF is the file with the kernel's types (BTF), if the kernel has it.
const KernelBTF = "/sys/kernel/btf/vmlinux"

// ErrNoBTF is returned by Open if the kernel's types cannot be read: no program can be
// loaded without them, on whichever mechanism.
var ErrNoBTF = errors.New("the kernel has no BTF (no " + KernelBTF + "): " +
	"use a kernel with CONFIG_DEBUG_INFO_BTF=y; in a container, mount the host's /sys")

// readKernelTypes reads the kernel's BTF into the cache, before anything needs it. The
// error is ErrNoBTF if there is none.
func readKernelTypes(types *btf.Cache) error {
	_, err := types.Kernel()
	if err == nil {
		return nil
	}
	if _, missing := os.Stat(KernelBTF); missing != nil {
		return ErrNoBTF
	}
	return fmt.Errorf("read the kernel's BTF: %w", err)
}
