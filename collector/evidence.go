package collector

import "container_start_exporter/collector/event"

// Anybody can execute a file that is named like a shim or a runtime, with any
// arguments. A start is reported only with evidence that a runtime was at work.

// evidence is what shows that an attempt is a start.
type evidence struct {
	launched bool // the host's engine has executed its shim
	made     bool // its runtime has made a process
}

// isProven reports whether there is evidence of the start: its bundle was read, its
// runtime has made a process, or an engine of the host has executed its shim.
func (att *attempt) isProven() bool {
	return att.evidence.launched || att.evidence.made || att.bundle != nil
}

// hasInit reports whether the runtime has made the container's init, or a container of
// which the host sees none. For such a one, an engine of the host has executed its shim:
// anybody can execute a program that is named like a runtime and that exits.
func (att *attempt) hasInit() bool {
	return att.init != nil || att.created && att.runtime.Sandboxed
}

// isContained reports whether init, which executes the entrypoint now, is in another
// mount namespace than its runtime. If that of either is not known, it is taken to be.
func (att *attempt) isContained(entrypoint *event.Event) bool {
	own := att.create.mntNS
	return own == 0 || entrypoint.MntNS == 0 || own != entrypoint.MntNS
}
