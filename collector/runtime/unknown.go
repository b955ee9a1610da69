package runtime

import (
	"slices"

	"container_start_exporter/collector/argv"
)

// Unknown is the label of runtimes that are recognised by their command lines, under a
// shim, and not by name: names have no bound.
const Unknown = "other"

// unknown is such a runtime. It may have the flags of any other, and how it makes the
// namespaces shows only then: by a clone, or by stages that name themselves.
var unknown = Runtime{
	Name:          Unknown,
	GlobalValues:  []string{"root", "log", "log-format", "log-level", "criu", "rootless", "cgroup-manager"},
	CommandValues: []string{"b", "bundle", "console-socket", "pid-file", "pidfd-socket", "preserve-fds"},
	Helpers:       []string{"newuidmap", "newgidmap"},
	unknown:       true,
}

// IsUnknown reports whether nothing is known of the runtime but its command line, and its
// name if that was added.
func (r *Runtime) IsUnknown() bool { return r.unknown }

// Learn returns the runtime whose stages have this name, nil if there is none. It keeps the
// label of r if that was added.
func (r *Runtime) Learn(comm string) *Runtime {
	i := slices.IndexFunc(runtimes, func(r *Runtime) bool {
		return comm != "" && (r.NamespacesComm == comm || r.InitComm == comm)
	})
	switch {
	case i < 0:
		return nil
	case r.Name == Unknown:
		return runtimes[i]
	}
	learned := *runtimes[i]
	learned.Name = r.Name
	return &learned
}

// ParseUnknown returns the command in a command line that is an OCI runtime's, whatever the
// program is named: it has an id as its last word and, if it creates a container, a bundle.
func ParseUnknown(p argv.Program) (Command, bool) {
	c, ok := unknown.parse(p.Args)
	switch {
	case !ok || c.ID == "" || c.ID != p.Args[len(p.Args)-1]:
		return Command{}, false
	case c.Name == "create" || c.Name == "run":
		return c, c.Bundle != ""
	}
	return c, c.Name == "start" || c.Name == "kill" || c.Name == "delete"
}
