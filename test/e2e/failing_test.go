package e2e

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// failureCase is a container that cannot start, however it is started.
type failureCase struct {
	name   string
	change func(t *testing.T, spec map[string]any)
	runc   failure
	crun   failure
}

// failure is how a start fails: in which phase, by run and in two steps, and with
// which error types.
type failure struct {
	run, steps string
	errorTypes []string
}

// failureCases are the failed starts of a bare runtime. In two steps, it is the
// second that executes the entrypoint and the startContainer hooks.
var failureCases = []failureCase{
	// runc sets this limit before it lets stage 0 continue, crun after its clone.
	{"processors refused", limitProcessors, failsIn("cgroup", "runtime"), failsIn("cgroup", "init")},
	// runc sets this one when init asks for the hooks, after the mounts.
	{"tasks refused", limitTasks, failsIn("rootfs", "init"), failsIn("cgroup", "init")},
	{"file over a directory", fileOverDirectory, failsIn("rootfs", "mount"), failsIn("rootfs", "mount")},
	// crun tries this before it creates anything.
	{"rlimit refused", raiseLimit, failsIn("init", "init"), failsIn("create", "runtime")},
	{"entrypoint missing", entrypoint("/no/such/program"), failsIn("init", "init"), failsIn("init", "init")},
	{"entrypoint not executable", entrypointFile("#!/bin/sh\n", 0o644), failsIn("init", "init"), failsIn("init", "init")},
	{"entrypoint of a wrong format", entrypointFile("neither an ELF file nor a script\n", 0o755), failsInStart("exec"), failsInStart("exec")},
	{"prestart hook", failingHook("prestart"), failsIn("hooks", "hook"), failsIn("hooks", "hook")},
	{"createRuntime hook", failingHook("createRuntime"), failsIn("hooks", "hook"), failsIn("hooks", "hook")},
	{"createContainer hook", failingHook("createContainer"), failsIn("hooks", "hook"), failsIn("hooks", "hook")},
	{"prestart hook missing", missingHook("prestart"), failsIn("hooks", "hook"), failsIn("hooks", "hook")},
	{"createContainer hook missing", missingHook("createContainer"), failsIn("hooks", "hook"), failsIn("hooks", "hook")},
	{"hook out of memory", hungryHook, failsIn("hooks", "oom"), failsIn("hooks", "oom")},
	{"startContainer hook", failingHook("startContainer"), failsInStart("hook"), failsInStart("hook")},
}

func failsIn(phase string, errorTypes ...string) failure { return failure{phase, phase, errorTypes} }

// failsInStart is a failure of what the command start does, which is in the phase
// init if run does it.
func failsInStart(errorType string) failure { return failure{"init", "start", []string{errorType}} }

func (f failureCase) failure(runtime string) failure {
	if runtime == "crun" {
		return f.crun
	}
	return f.runc
}

// limitProcessors requests a CPU that does not exist.
func limitProcessors(_ *testing.T, spec map[string]any) {
	resources(spec)["cpu"] = map[string]any{"cpus": "4095"}
}

func resources(spec map[string]any) map[string]any {
	return spec["linux"].(map[string]any)["resources"].(map[string]any)
}

// limitTasks requests a limit of more tasks than the kernel has pids:
// PID_MAX_LIMIT.
func limitTasks(_ *testing.T, spec map[string]any) {
	resources(spec)["pids"] = map[string]any{"limit": 5 << 20}
}

func fileOverDirectory(t *testing.T, spec map[string]any) {
	bind(spec, writeFile(t, "file", "", 0o644), "/bin")
}

// bind adds a bind mount to a bundle.
func bind(spec map[string]any, source, target string) {
	spec["mounts"] = append(spec["mounts"].([]any), map[string]any{
		"source": source, "destination": target, "type": "bind", "options": []string{"bind"},
	})
}

// raiseLimit requests an rlimit above the hard limit, which needs
// CAP_SYS_RESOURCE.
func raiseLimit(t *testing.T, spec map[string]any) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if capable(t, unix.CAP_SYS_RESOURCE) {
		t.Skip("with CAP_SYS_RESOURCE, no limit is refused")
	}
	spec["process"].(map[string]any)["rlimits"] = []any{
		map[string]any{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": limit.Max + 1},
	}
}

func entrypoint(path string) func(*testing.T, map[string]any) {
	return func(_ *testing.T, spec map[string]any) {
		spec["process"].(map[string]any)["args"] = []string{path}
	}
}

// entrypointFile makes a file with this content and mode the entrypoint.
func entrypointFile(content string, mode os.FileMode) func(*testing.T, map[string]any) {
	return func(t *testing.T, spec map[string]any) {
		bind(spec, writeFile(t, "entrypoint", content, mode), "/entrypoint")
		entrypoint("/entrypoint")(t, spec)
	}
}

// failingHook adds an OCI hook that exits with status 3. crun requires that it
// reads its input.
func failingHook(kind string) func(*testing.T, map[string]any) {
	return func(_ *testing.T, spec map[string]any) {
		spec["hooks"] = map[string]any{kind: []any{map[string]any{
			"path": "/bin/sh", "args": []string{"sh", "-c", "cat >/dev/null; exit 3"},
		}}}
	}
}

// missingHook adds an OCI hook that does not exist.
func missingHook(kind string) func(*testing.T, map[string]any) {
	return func(_ *testing.T, spec map[string]any) {
		spec["hooks"] = map[string]any{kind: []any{map[string]any{"path": "/no/such/hook"}}}
	}
}

// hungryHook adds an OCI hook that init executes in the container's cgroup, of which it
// takes all the memory.
func hungryHook(_ *testing.T, spec map[string]any) {
	resources(spec)["memory"] = map[string]any{"limit": 16 << 20}
	spec["hooks"] = map[string]any{"createContainer": []any{map[string]any{
		"path": "/bin/busybox", "args": []string{"busybox", "tail", "/dev/zero"},
	}}}
}

// capable returns whether the tests have a capability.
func capable(t *testing.T, capability uint) bool {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
