package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// errPrivileges is what a user without root is told.
var errPrivileges = errors.New("probes need root, or CAP_BPF and CAP_PERFMON: try with sudo")

// privileged returns an error unless the process may load probes. It asks the
// kernel for the effective capabilities: CAP_SYS_ADMIN includes the others.
func privileged() error {
	held, err := capabilities()
	if err != nil {
		return err
	}
	if held(unix.CAP_SYS_ADMIN) || held(unix.CAP_BPF) && held(unix.CAP_PERFMON) {
		return nil
	}
	return errPrivileges
}

// capabilities returns whether one is effective in this process.
func capabilities() (held func(capability int) bool, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return nil, fmt.Errorf("read capabilities: %w", err)
	}
	return func(c int) bool { return data[c/32].Effective&(1<<(c%32)) != 0 }, nil
}
