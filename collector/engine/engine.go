// Package engine knows the container engines: which processes are theirs, what
// the command line of a shim or a monitor says about the start that it is
// executed for, and how a container's bundle shows its name, its image and its
// pod. All that is known of an engine is one value in one file, which registers it: a
// new engine is a new file.
package engine

import (
	"errors"
	"slices"
	"strings"

	"container_start_exporter/collector/argv"
)

// Names of engines: the metric label. None is a runtime without an engine.
const (
	Docker     = "docker"
	Containerd = "containerd"
	CRI        = "cri"
	Podman     = "podman"
	CRIO       = "cri-o"
	BuildKit   = "buildkit"
	None       = "none"
)

// Engine is what has to be known about one engine. What does not apply is zero.
type Engine struct {
	Name string
	// Last makes this engine the last that is asked: it takes what no other knows.
	Last bool
	// Daemons are the base names of the executables whose threads mount root file
	// systems, make veths and execute shims.
	Daemons []string
	// Shim is what the engine executes for each start.
	Shim Shim
	// Builders are the base names of the executables that run the steps of a build by
	// a runtime without a shim or a monitor. IsStep recognises, by its id and its
	// bundle, a container that such a runtime creates below one of them.
	Builders []string
	IsStep   func(id, bundle string) bool
	// OnlyBuilds: all that the engine starts are the steps of a build.
	OnlyBuilds bool
	// OwnsState recognises the directory of states (--root) that the engine has its
	// shim give to the runtime. It is asked about the starts of an engine that is
	// Last, if the namespace or the shim does not show whose they are; nil if the
	// directory shows nothing.
	OwnsState func(root string) bool
	// Networks: the engine's own processes execute CNI plugins for containers.
	Networks bool
	// PodNetworks is the Name of the engine whose pods these are, if a daemon executes CNI
	// plugins for pods.
	PodNetworks string
	// OnlyNetworks: nothing but CNI plugins is executed for a pod without containers.
	OnlyNetworks bool
	// NetworkHooks are the names of OCI hooks that set up the network.
	NetworkHooks []string
	// Annotations are the annotations of a bundle that Identify and Pod read: no
	// others are kept.
	Annotations []string
	// Identify finds the name of a container and of its image; false if the
	// container is not this engine's, as far as its bundle shows.
	Identify func(Container) (Identity, bool)
	// Pod finds the pod of a container; false if it has none, as far as this
	// engine's annotations show.
	Pod func(Bundle) (Pod, bool)
}

// Shim is a shim or a monitor.
type Shim struct {
	Executables []string // base names, which a version may follow
	// OfRuntime is what all other names of it begin with that have a runtime's in them;
	// empty if there are none.
	OfRuntime string
	// Launch reads the arguments, without args[0]; false if the shim is executed
	// for something other than a start, or for another engine.
	Launch func(args []string) (Launch, bool)
}

// Launch is what the execution of a shim or a monitor says.
type Launch struct {
	Engine string // Engine.Name
	ID     string // the container's, or the sandbox's of a pod
	Name   string // the container's, if it is given
	Build  bool   // it is for a step of a build
}

// Container is what an engine identifies a container by.
type Container struct {
	ID          string
	Bundle      string            // the bundle's directory, as the runtime names it
	Root        string            // the root directory, as the bundle names it
	Annotations map[string]string // of the bundle, of those that any engine lists
	Mounts      map[string]string // of the bundle: absolute source by destination
	// ReadJSON reads a state file of the engine, by its path as the runtime would
	// name it; the error is ErrNoFile if there is none. It bounds what it reads: of a file that is a list, read into a slice,
	// it keeps the entries in which the container's id occurs.
	ReadJSON func(path string, v any) error
}

// ErrNoFile is the error of reading a state file that does not exist.
var ErrNoFile = errors.New("no such file")

// Identity is how an engine calls a container and its image.
type Identity struct {
	Name, Image string
	// Engine is the engine's name, if a state file of it is about the container.
	Engine string
	// Build: the container runs a step of a build, as that file shows.
	Build bool
	// Annotations are added to those of the bundle: what the engine has labelled the
	// container with and its Pod reads.
	Annotations map[string]string
}

// isKnown reports whether the container or its image has a name.
func (i Identity) isKnown() bool { return i.Name != "" || i.Image != "" }

// Bundle is what an engine finds a pod by.
type Bundle struct {
	ID, Name    string // the container's
	CgroupsPath string
	Annotations map[string]string // those that the engines list
}

// Pod is the pod of a container; what is not known is empty.
type Pod struct {
	Name, Namespace, UID string
	SandboxID            string
	IsSandbox            bool // the container is the pod's sandbox itself
}

// engines are those that are registered, the one that is asked first in front.
var engines []Engine

// Register adds an engine. It is for the files of this package, and for programs that
// embed the collector; it must not be called once events are handled.
func Register(e Engine) {
	if e.Last {
		engines = append(engines, e)
		return
	}
	engines = slices.Insert(engines, 0, e)
}

// Executables are the base names of the executables of all engines: daemons,
// shims and monitors.
func Executables() []string {
	names := slices.Clone(addedShims)
	for _, e := range engines {
		names = append(names, e.Daemons...)
		names = append(names, e.Shim.Executables...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Shims are the base names of the shims and monitors of all engines.
func Shims() []string {
	names := slices.Clone(addedShims)
	for _, e := range engines {
		names = append(names, e.Shim.Executables...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Annotations are the annotations that any engine reads.
func Annotations() []string {
	var names []string
	for _, e := range engines {
		names = append(names, e.Annotations...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Parse reads the command line of a shim or monitor; false if it is neither, or
// if it is executed for something other than a start.
func Parse(p argv.Program) (Launch, bool) {
	if len(p.Args) == 0 {
		return Launch{}, false
	}
	for _, e := range engines {
		if !e.Shim.executes(p) {
			continue
		}
		if l, ok := e.Shim.Launch(p.Args[1:]); ok {
			l.Engine, l.Build = e.Name, e.OnlyBuilds
			return l, true
		}
	}
	return Launch{}, false
}

// Builder returns the name by which StepOf knows a program that runs the steps of builds;
// empty if it is none.
func Builder(p argv.Program) string {
	for base := range p.Names() {
		base = argv.WithoutVersion(base)
		for _, e := range engines {
			if slices.Contains(e.Builders, base) {
				return base
			}
		}
	}
	return ""
}

// StepOf returns the engine of a container that a runtime without a shim creates below a
// builder, if it is a step of a build, and None otherwise.
func StepOf(builder, id, bundle string) string {
	for _, e := range engines {
		if slices.Contains(e.Builders, builder) && e.IsStep != nil && e.IsStep(id, bundle) {
			return e.Name
		}
	}
	return None
}

// ByState returns the engine of a start whose shim did not show more than that it is
// the engine named: the one whose directory of states the runtime was given (its --root
// as given), or which has a state file about the container (known, empty if none has).
func ByState(name, root, known string) string {
	if !isLast(name) {
		return name
	}
	for _, e := range engines {
		if e.Name == known || e.OwnsState != nil && e.OwnsState(root) {
			return e.Name
		}
	}
	return name
}

// isLast reports whether an engine takes what no other knows.
func isLast(name string) bool {
	return slices.ContainsFunc(engines, func(e Engine) bool { return e.Last && e.Name == name })
}

// Identify asks each engine for the name of a container and of its image, until
// one knows it; both are empty if none does.
func Identify(c Container) Identity {
	for _, e := range engines {
		if e.Identify == nil {
			continue
		}
		if i, ok := e.Identify(c); ok {
			return i
		}
	}
	return Identity{}
}

// PodOf asks each engine for the pod of a container, until one knows it.
func PodOf(b Bundle) (Pod, bool) {
	for _, e := range engines {
		if e.Pod == nil {
			continue
		}
		if p, ok := e.Pod(b); ok {
			return p, true
		}
	}
	return Pod{}, false
}

// IsNetworkHook reports whether an OCI hook of that name sets up the network.
func IsNetworkHook(name string) bool {
	return slices.ContainsFunc(engines, func(e Engine) bool { return slices.Contains(e.NetworkHooks, name) })
}

// IsID reports whether a word is an id as engines make them: 64 hexadecimal digits.
func IsID(word string) bool {
	return len(word) == 64 && strings.Trim(word, "0123456789abcdef") == ""
}
