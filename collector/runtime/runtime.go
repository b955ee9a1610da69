// Package runtime knows the OCI runtimes: the meaning of their command lines, and
// the process names by which their stages are distinguished. Each runtime is a value in
// one file, which registers it: a new runtime is a new file.
package runtime

import (
	"path"
	"slices"
	"strings"
)

// Runtime describes one OCI runtime.
type Runtime struct {
	// Name is the metric label, and the base name of its executables.
	Name        string
	Executables []string
	// DefaultRoot is the directory of its containers' states when root executes it
	// without --root.
	DefaultRoot string
	// GlobalValues and CommandValues are the flags, without dashes, whose value
	// may be the next word: those before and those after the command.
	GlobalValues  []string
	CommandValues []string
	// Getopt means that it reads flags as getopt_long(3) does: long ones may be
	// abbreviated, and short ones joined, also with their value.
	Getopt bool
	// PlainFlags are, by command, the flags that have no value, though one of another
	// command that is named or abbreviated alike has.
	PlainFlags map[string][]string
	// NamespacesComm is the name that a process gives itself when it begins to
	// make the namespaces, InitComm that of the container's init. If they are
	// empty, the namespaces begin with the clone that makes them, and its child
	// is the init.
	NamespacesComm string
	InitComm       string
	// Sandboxed means that the entrypoint is executed by a kernel of the runtime's own,
	// never on the host: there is no init to see. Its start has ended when the start
	// command has exited with status 0.
	Sandboxed bool
	// Helpers are programs that it executes and that are not hooks.
	Helpers []string

	unknown bool // nothing of it is known but its command line
}

// runtimes are those that are registered.
var runtimes []*Runtime

// Register adds a runtime. It is for the files of this package, and for programs that
// embed the collector; it must not be called once events are handled.
func Register(r *Runtime) { runtimes = append(runtimes, r) }

// Command is one command line of a runtime.
type Command struct {
	Runtime *Runtime
	Name    string // create, start, run, exec, init, ..., or Other
	ID      string // the container's, if the command has one
	Bundle  string // --bundle as given; empty means the working directory
	Root    string // --root, in one spelling; empty means the runtime's default
	Systemd bool   // --systemd-cgroup: systemd makes the container's cgroup, a scope
}

// Other is the Name of any command that is not in commands.
const Other = "other"

// commands is the closed list of command names: it bounds a metric label.
var commands = map[string]bool{
	"checkpoint": true, "create": true, "delete": true, "events": true, "exec": true,
	"features": true, "info": true, "init": true, "kill": true, "list": true,
	"pause": true, "ps": true, "restore": true, "resume": true, "run": true,
	"spec": true, "start": true, "state": true, "update": true,
}

// InitNames returns the names that the inits of all runtimes give themselves.
func InitNames() []string {
	var names []string
	for _, r := range runtimes {
		if r.InitComm != "" {
			names = append(names, r.InitComm)
		}
	}
	return names
}

// Executables returns the base names of all runtimes' executables.
func Executables() []string {
	var names []string
	for _, r := range slices.Concat(added, runtimes) {
		names = append(names, r.Executables...)
	}
	return names
}

// parse returns the command in the command line of this runtime.
func (r *Runtime) parse(args []string) (Command, bool) {
	if len(args) < 2 {
		return Command{}, false
	}
	global, rest := flagSet{getopt: r.Getopt, values: r.GlobalValues}.split(args[1:])
	if len(rest) == 0 {
		return Command{}, false
	}
	c := Command{Runtime: r, Name: rest[0], Root: r.rootOf(first(global["root"], global["r"]))}
	_, c.Systemd = global["systemd-cgroup"]
	if !commands[c.Name] {
		c.Name = Other
	}
	flags, words := flagSet{getopt: r.Getopt, values: r.CommandValues, plain: r.PlainFlags[c.Name]}.split(rest[1:])
	c.Bundle = first(flags["bundle"], flags["b"])
	if len(words) > 0 {
		c.ID = words[0]
	}
	return c, true
}

// rootOf returns the directory of states in one spelling: an engine and a user may name
// it differently. /var/run is a link to /run everywhere (file-hierarchy(7)).
func (r *Runtime) rootOf(given string) string {
	if given == "" {
		return ""
	}
	root := path.Clean(given)
	if rest, ok := strings.CutPrefix(root, "/var/run/"); ok {
		root = "/run/" + rest
	}
	if root == r.DefaultRoot {
		return ""
	}
	return root
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
