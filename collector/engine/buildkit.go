package engine

import "path"

func init() { Register(buildkit) }

// buildkit runs the steps of builds: in buildkitd or in dockerd, by a runtime without a
// shim; or by containerd, in the namespace buildkit (--containerd-worker-namespace).
var buildkit = Engine{
	Name:       BuildKit,
	Daemons:    []string{"buildkitd"},
	Builders:   []string{"buildkitd", "dockerd"},
	IsStep:     inExecutor,
	OnlyBuilds: true,
	Shim:       containerdShim(func(namespace string) bool { return namespace == "buildkit" }),
}

// inExecutor reports whether a bundle is EXECUTOR/ID, where BuildKit's runc executor has
// all of them (executor/runcexecutor of BuildKit).
func inExecutor(id, bundle string) bool {
	dir, name := path.Split(path.Clean(bundle))
	return name == id && path.Base(dir) == "executor"
}
