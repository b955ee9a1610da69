package bpf

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// pluginEnv is the environment that a CNI plugin is executed with.
var pluginEnv = []string{"PATH=/bin", "CNI_COMMAND=ADD", "CNI_CONTAINERID=a", "CNI_NETNS=/run/netns/a"}

// TestPluginByName executes a file that is named like a CNI plugin, by a process that is
// not watched: with a plugin's environment it is watched, and what it executes too;
// without, it is not even reported.
func TestPluginByName(t *testing.T) {
	w := watch(t, "")
	plugin := copyProgram(t, "/bin/dash", "cse-plugin")
	for _, test := range []struct {
		env     []string
		watched bool
	}{
		{pluginEnv, true},
		{append(services(100_000), pluginEnv...), true},
		{[]string{"CNI_COMMAND="}, true},
		{[]string{"PATH=/bin", "CNI_CONTAINERID=a", "TRACEPARENT=00-x"}, false},
		{[]string{"XCNI_COMMAND=ADD", "CNI_COM=ADD"}, false},
		{[]string{}, false},
	} {
		pid := runPlugin(t, test.env, plugin)
		w.wantPlugin(pid, plugin, test.env, test.watched)
	}
}

// TestPluginByDirectory executes files of any name, and scripts, in the directories of CNI
// plugins and beside them.
func TestPluginByDirectory(t *testing.T) {
	w := watch(t, "")
	for dir, watched := range map[string]bool{
		"/opt/cni/bin": true, "/usr/lib/cni": true, "/usr/libexec/cni": true, "/var/lib/cni/bin": true,
		"/opt/cni/binary": false, "/usr/libexec/cnid": false, "/usr/libexec": false, "/opt": false,
	} {
		makeDirectory(t, dir)
		for name, content := range map[string][]byte{"cse-p": read(t, "/bin/dash"), "cse-script": []byte("#!/bin/dash\n/bin/true; exit 0\n")} {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, content, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(file) })
			w.wantPlugin(runPlugin(t, pluginEnv, file), file, pluginEnv, watched)
			w.wantPlugin(runPlugin(t, []string{"PATH=/bin"}, file), file, nil, false)
		}
	}
}

// TestPluginOfWatched executes what is named like a plugin, without the environment of
// one, by a watched process: it stays watched.
func TestPluginOfWatched(t *testing.T) {
	w := watch(t, "cse-other")
	plugin := copyProgram(t, "/bin/dash", "cse-plugin")
	sh := copyProgram(t, "/bin/dash", "cse-other")
	pid := runPlugin(t, []string{}, sh, "-c", "exec "+plugin+" -c '/bin/true; exit 0'")
	w.one(event.KindExec, func(e *event.Event) bool { return e.PID == pid && e.File == plugin && !e.Last })
	w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/true" })
	w.one(event.KindExit, byPID(pid))
}

// runPlugin executes a file, which executes another one, and returns its pid.
func runPlugin(t *testing.T, env []string, file string, args ...string) (pid int) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"-c", "/bin/true; exit 0"}
	}
	cmd := exec.Command(file, args...)
	cmd.Env = env
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// wantPlugin checks that the process of a plugin is reported with what it forks, or not at
// all.
func (w *watcher) wantPlugin(pid int, file string, env []string, watched bool) {
	w.t.Helper()
	if !watched {
		for _, kind := range []event.Kind{event.KindExec, event.KindFork, event.KindExit} {
			if n := len(w.seen(kind, byPID(pid))); n != 0 {
				w.t.Errorf("%s: %d %s events", file, n, kind)
			}
		}
		return
	}
	e := w.one(event.KindExec, byPID(pid))
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return v[:4] != "CNI_" })
	if e.File != file || !slices.Equal(e.Env, env) {
		w.t.Errorf("%s with %q: %+v", file, env, e)
	}
	child := w.one(event.KindFork, byPID(pid)).Child
	w.one(event.KindExec, byPID(child))
	w.one(event.KindExit, byPID(pid))
}

// makeDirectory makes a directory, and removes at the end of the test what was not there.
func makeDirectory(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); err == nil {
		return
	}
	if parent := filepath.Dir(dir); parent != dir {
		makeDirectory(t, parent)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(dir) })
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
