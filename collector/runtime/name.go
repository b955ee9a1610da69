package runtime

import (
	"errors"
	"slices"
	"strings"

	"container_start_exporter/collector/argv"
)

// find returns the runtime of an executable by its name: exactly, without its version, or
// by a part, as in buildkit-runc. A shim is none, whatever it is called after.
func find(base string) *Runtime {
	if r := named(base); r != nil {
		return r
	}
	if r := named(argv.WithoutVersion(base)); r != nil {
		return r
	}
	var found *Runtime
	for part := range argv.Parts(base) {
		if part == "shim" {
			return nil
		}
		if found == nil {
			found = named(part)
		}
	}
	return found
}

// named returns the runtime that has an executable of exactly this name.
func named(name string) *Runtime {
	for _, list := range [][]*Runtime{added, runtimes} {
		for _, r := range list {
			if slices.Contains(r.Executables, name) {
				return r
			}
		}
	}
	return nil
}

// added are the runtimes that Add has added.
var added []*Runtime

// Add adds a name of executables. Their label is that name in lower case, with dashes for
// dots. As Register, it must not be called once events are handled.
func Add(name string) error {
	if !argv.IsPlainName(name) {
		return errors.New(argv.PlainNameRule)
	}
	if named(name) != nil {
		return nil
	}
	r := unknown
	r.Name, r.Executables = strings.ReplaceAll(strings.ToLower(name), ".", "-"), []string{name}
	added = append(added, &r)
	return nil
}

// Parse returns the command in the command line of a program that is named like a runtime;
// false if it is not, or has no command (--version).
func Parse(p argv.Program) (Command, bool) {
	for name := range p.Names() {
		if r := find(name); r != nil {
			return r.parse(p.Args)
		}
	}
	return Command{}, false
}
