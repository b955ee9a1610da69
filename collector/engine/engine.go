// Package engine knows the container engines: which processes are theirs, and
// what the command line of a shim or a monitor says about the start that it is
// executed for. Each kind of shim is data in one file; a new one is a new file
// and its line in the table below.
package engine

import "path"

// Names of engines: the metric label. None is a runtime without one.
const (
	Docker     = "docker"
	Containerd = "containerd"
	CRI        = "cri"
	Podman     = "podman"
	CRIO       = "cri-o"
	None       = "none"
)

// Launch is what the execution of a shim or a monitor says.
type Launch struct {
	Engine string
	ID     string // the container's, or the pod's sandbox's
	Name   string // the container's, where it is given
}

// shim is one kind of shim or monitor.
type shim struct {
	executables []string
	// parse tells a start from everything else that it is executed for.
	parse func(args []string) (Launch, bool)
}

var shims = []shim{containerdShim, conmon}

// Daemons whose threads mount root file systems, make veths and execute shims.
var daemons = []string{
	"dockerd", "containerd", "podman", "crio", "nerdctl", "ctr", "buildkitd",
}

// Executables are the base names of the engines' own executables.
func Executables() []string {
	names := append([]string(nil), daemons...)
	for _, s := range shims {
		names = append(names, s.executables...)
	}
	return names
}

// Parse tells what a shim or monitor is executed for; false is no shim, or
// one that is executed for something other than a start.
func Parse(args []string) (Launch, bool) {
	if len(args) == 0 {
		return Launch{}, false
	}
	base := path.Base(args[0])
	for _, s := range shims {
		for _, name := range s.executables {
			if name == base {
				return s.parse(args[1:])
			}
		}
	}
	return Launch{}, false
}

// value is the word after the first of the given flags in args.
func value(args []string, flags ...string) string {
	for i := 0; i+1 < len(args); i++ {
		for _, flag := range flags {
			if args[i] == flag {
				return args[i+1]
			}
		}
	}
	return ""
}
