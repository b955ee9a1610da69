// Package engine knows the container engines: which processes are theirs, and
// what the command line of a shim or a monitor says about the start that it is
// executed for. Each kind of shim is data in one file; a new one is a new file
// and its entry in the list shims.
package engine

import "path"

// Names of engines: the metric label. None means that no engine runs the runtime.
const (
	Docker     = "docker"
	Containerd = "containerd"
	CRI        = "cri"
	Podman     = "podman"
	CRIO       = "cri-o"
	None       = "none"
)

// Launch is the start that a shim or a monitor is executed for.
type Launch struct {
	Engine string
	ID     string // of the container, or of the pod's sandbox
	Name   string // of the container, if it is given
}

// shim is one kind of shim or monitor.
type shim struct {
	executables []string
	// parse returns false if it is executed for something other than a start.
	parse func(args []string) (Launch, bool)
}

var shims = []shim{containerdShim, conmon}

// daemons are those whose threads mount root file systems, make veths and execute shims.
var daemons = []string{
	"dockerd", "containerd", "podman", "crio", "nerdctl", "ctr", "buildkitd",
}

// Executables returns the base names of the executables of engines, shims and
// monitors.
func Executables() []string {
	names := append([]string(nil), daemons...)
	for _, s := range shims {
		names = append(names, s.executables...)
	}
	return names
}

// Parse returns the start that a shim or monitor is executed for; false if the
// program is not a shim, or is executed for something other than a start.
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

// flagValue returns the word after the first of the given flags in args, or "".
func flagValue(args []string, flags ...string) string {
	for i := 0; i+1 < len(args); i++ {
		for _, flag := range flags {
			if args[i] == flag {
				return args[i+1]
			}
		}
	}
	return ""
}
