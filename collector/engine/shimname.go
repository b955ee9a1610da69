package engine

import (
	"errors"
	"slices"
	"strings"

	"container_start_exporter/collector/argv"
)

// addedShims are the names of shims and monitors that AddShim has added.
var addedShims []string

// AddShim adds a name of shims and monitors. Its command line shows whose it is. As
// Register, it must not be called once events are handled.
func AddShim(name string) error {
	if !argv.IsPlainName(name) {
		return errors.New(argv.PlainNameRule)
	}
	addedShims = append(addedShims, name)
	return nil
}

// executes reports whether a program is such a shim or monitor.
func (s Shim) executes(p argv.Program) bool {
	for name := range p.Names() {
		if s.isNamed(name) {
			return true
		}
	}
	return false
}

// isNamed reports whether an executable is such a shim or monitor by its name, which may
// have a version: containerd-shim-runc-v2-2.2.1.
func (s Shim) isNamed(base string) bool {
	for _, name := range []string{base, argv.WithoutVersion(base)} {
		if slices.Contains(s.Executables, name) || slices.Contains(addedShims, name) {
			return true
		}
	}
	return s.OfRuntime != "" && s.isOfRuntime(base)
}

// isOfRuntime reports whether an executable is a shim of a runtime by its name:
// containerd-shim-runc2-v2 is one for the prefix containerd-shim.
func (s Shim) isOfRuntime(base string) bool {
	rest, ok := strings.CutPrefix(base, s.OfRuntime+"-")
	if !ok {
		return false
	}
	for part := range argv.Parts(rest) {
		if slices.Contains(shimmedRuntimes, part) {
			return true
		}
	}
	return false
}

// shimmedRuntimes are the runtimes after which shims are named that execute them.
var shimmedRuntimes = []string{"runc", "crun", "runsc", "youki"}
