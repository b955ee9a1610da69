package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// failing is a container that cannot start, however it is started.
type failing struct {
	name   string
	change func(t *testing.T, spec map[string]any)
	runc   death
	crun   death
}

// death is how a start fails: in which phase, by run and in two steps, and of
// which types of errors. There are two where the runtime kills an init that is
// about to exit by itself.
type death struct {
	run, steps string
	errorTypes []string
}

// The failed starts of a bare runtime. With two steps, the second is what
// executes the entrypoint and the startContainer hooks.
var failures = []failing{
	// runc sets this limit before it lets stage 0 go on, crun after its clone.
	{"processors refused", limitProcessors, at("cgroup", "runtime"), at("cgroup", "killed", "init")},
	// runc sets this one when init asks for the hooks, with the mounts made.
	{"tasks refused", limitTasks, at("rootfs", "killed", "init"), at("cgroup", "killed", "init")},
	{"file over a directory", fileOverDirectory, at("rootfs", "mount"), at("rootfs", "mount")},
	// crun asks before it makes anything.
	{"rlimit refused", raiseLimit, at("init", "killed", "init"), at("create", "runtime")},
	{"entrypoint missing", entrypoint("/no/such/program"), at("init", "killed", "init"), at("init", "killed", "init")},
	{"entrypoint not executable", entrypointFile("#!/bin/sh\n", 0o644), at("init", "killed", "init"), at("init", "killed", "init")},
	{"entrypoint of a wrong format", entrypointFile("neither an ELF file nor a script\n", 0o755), inStart("exec"), inStart("exec")},
	{"prestart hook", failingHook("prestart"), at("hooks", "hook"), at("hooks", "hook")},
	{"createRuntime hook", failingHook("createRuntime"), at("hooks", "hook"), at("hooks", "hook")},
	{"createContainer hook", failingHook("createContainer"), at("hooks", "hook"), at("hooks", "hook")},
	{"startContainer hook", failingHook("startContainer"), inStart("hook"), inStart("hook")},
}

func at(phase string, errorTypes ...string) death { return death{phase, phase, errorTypes} }

// inStart is a death in what start does, which is a part of init without it.
func inStart(errorType string) death { return death{"init", "start", []string{errorType}} }

func (f failing) death(runtime string) death {
	if runtime == "crun" {
		return f.crun
	}
	return f.runc
}

// changeSpec changes the config.json of a bundle.
func changeSpec(t *testing.T, dir string, change func(spec map[string]any)) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	var spec map[string]any
	if err := json.Unmarshal([]byte(readFile(t, path)), &spec); err != nil {
		t.Fatal(err)
	}
	change(spec)
	content, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// limitProcessors asks for one that is not there.
func limitProcessors(_ *testing.T, spec map[string]any) {
	resources(spec)["cpu"] = map[string]any{"cpus": "4095"}
}

func resources(spec map[string]any) map[string]any {
	return spec["linux"].(map[string]any)["resources"].(map[string]any)
}

// limitTasks asks for more tasks than the kernel has pids: PID_MAX_LIMIT.
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

// raiseLimit asks for more than there is, which takes CAP_SYS_RESOURCE.
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

// entrypointFile makes a file the entrypoint.
func entrypointFile(content string, mode os.FileMode) func(*testing.T, map[string]any) {
	return func(t *testing.T, spec map[string]any) {
		bind(spec, writeFile(t, "entrypoint", content, mode), "/entrypoint")
		entrypoint("/entrypoint")(t, spec)
	}
}

// failingHook adds a hook that exits with status 3. crun's must read.
func failingHook(kind string) func(*testing.T, map[string]any) {
	return func(_ *testing.T, spec map[string]any) {
		spec["hooks"] = map[string]any{kind: []any{map[string]any{
			"path": "/bin/sh", "args": []string{"sh", "-c", "cat >/dev/null; exit 3"},
		}}}
	}
}

// capable says whether the tests have a capability.
func capable(t *testing.T, capability uint) bool {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
