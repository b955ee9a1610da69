// Package runtime knows the OCI runtimes: what their command lines mean and by
// what the kernel tells their stages apart. Each runtime is data in one file;
// a new one is a new file and its line in the table below.
package runtime

import (
	"path"
	"strings"
)

// Runtime is what has to be known about one OCI runtime.
type Runtime struct {
	// Name is the metric label, and the base name of its executables.
	Name        string
	Executables []string
	// GlobalValues and CommandValues are the flags, without dashes, that take
	// a value as the next word: before and after the command.
	GlobalValues  []string
	CommandValues []string
	// NamespacesComm is the name that the process has from the moment at which
	// it begins to make the namespaces, InitComm the one of the container's
	// init. Where they are empty, the clone that makes the namespaces is the
	// moment and its child is the init.
	NamespacesComm string
	InitComm       string
	// Helpers are programs that it executes and that are no hooks.
	Helpers []string
}

var runtimes = []*Runtime{&runc, &crun, &youki}

// Command is one command line of a runtime.
type Command struct {
	Runtime *Runtime
	Name    string // create, start, run, exec, init, ..., or Other
	ID      string // the container's, where the command has one
	Bundle  string // --bundle as given; empty is the working directory
	Root    string // --root as given; empty is the runtime's default
}

// Other stands for a command that no runtime is known to have.
const Other = "other"

// commands is the closed list of command names: it bounds a metric label.
var commands = map[string]bool{
	"checkpoint": true, "create": true, "delete": true, "events": true, "exec": true,
	"features": true, "info": true, "init": true, "kill": true, "list": true,
	"pause": true, "ps": true, "restore": true, "resume": true, "run": true,
	"spec": true, "start": true, "state": true, "update": true,
}

// Executables are the base names of all runtimes' executables.
func Executables() []string {
	var names []string
	for _, r := range runtimes {
		names = append(names, r.Executables...)
	}
	return names
}

// Parse tells what a runtime's command line means; false is no runtime, or
// one that was asked for nothing but its version.
func Parse(args []string) (Command, bool) {
	if len(args) < 2 {
		return Command{}, false
	}
	r := find(path.Base(args[0]))
	if r == nil {
		return Command{}, false
	}
	global, rest := split(args[1:], r.GlobalValues)
	if len(rest) == 0 {
		return Command{}, false
	}
	c := Command{Runtime: r, Name: rest[0], Root: global["root"]}
	if !commands[c.Name] {
		c.Name = Other
	}
	flags, words := split(rest[1:], r.CommandValues)
	c.Bundle = first(flags["bundle"], flags["b"])
	if len(words) > 0 {
		c.ID = words[0]
	}
	return c, true
}

func find(base string) *Runtime {
	for _, r := range runtimes {
		for _, name := range r.Executables {
			if name == base {
				return r
			}
		}
	}
	return nil
}

// split reads flags up to the first word that is none, as getopt does without
// permutation, and returns them with the words that follow.
func split(args, withValue []string) (flags map[string]string, words []string) {
	flags = make(map[string]string)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return flags, args[i+1:]
		}
		if len(arg) < 2 || arg[0] != '-' {
			return flags, args[i:]
		}
		name, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !assigned && contains(withValue, name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		flags[name] = value
	}
	return flags, nil
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
