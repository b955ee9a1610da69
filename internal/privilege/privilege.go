// Package privilege is about the capabilities of this process: it requires those
// without which no probe is attached, drops those that attached probes do not
// need, and reports what is lost without the optional ones.
package privilege

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Require returns an error unless the process may load and attach probes.
// CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON: container engines that do not
// know those can grant it.
func Require() error {
	held, err := effective()
	switch {
	case err != nil:
		return err
	case held(cap.SYS_ADMIN), held(cap.BPF) && held(cap.PERFMON):
		return nil
	case held(cap.BPF):
		return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: CAP_PERFMON is missing")
	case held(cap.PERFMON):
		return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: CAP_BPF is missing")
	}
	return errors.New("probes need root, or CAP_BPF and CAP_PERFMON: try with sudo")
}

// Describe returns, on one line, the capabilities of the process that the exporter
// can use, and the process's user: "CAP_BPF CAP_PERFMON (user 1000)".
func Describe() string {
	held, err := effective()
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, c := range []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_PTRACE, cap.DAC_READ_SEARCH, cap.SYS_ADMIN} {
		if held(c) {
			list = append(list, name(c))
		}
	}
	if len(list) == 0 {
		list = []string{"none"}
	}
	return fmt.Sprintf("%s (user %d)", strings.Join(list, " "), os.Geteuid())
}

// effective returns a function that reports whether a capability is effective in
// this process.
func effective() (held func(cap.Value) bool, err error) {
	set, err := cap.GetPID(0)
	if err != nil {
		return nil, fmt.Errorf("read the capabilities: %w", err)
	}
	return func(c cap.Value) bool {
		on, err := set.GetFlag(cap.Effective, c)
		return err == nil && on
	}, nil
}

// name returns the kernel's name of a capability, such as CAP_BPF.
func name(c cap.Value) string { return strings.ToUpper(c.String()) }
