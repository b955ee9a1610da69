package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// hold is a place in which a start stays for as long as a test needs it to.
type hold struct {
	// prepare changes a bundle, so that a start of it waits there.
	prepare func(t *testing.T, dir string)
	// reached returns whether a process waits there: the runtime, or one below it.
	reached func(dir string, process int) bool
}

// openConfig holds a start while the runtime opens its configuration.
var openConfig = hold{
	prepare: func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, "config.json")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		makeFIFO(t, path)
	},
	reached: func(_ string, process int) bool { return isOpening(process) },
}

// openNamespace holds a start while it opens the network namespace that it is to
// join.
var openNamespace = hold{
	prepare: func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, "netns")
		makeFIFO(t, path)
		host.ChangeSpec(t, dir, func(spec map[string]any) {
			for _, one := range spec["linux"].(map[string]any)["namespaces"].([]any) {
				if n := one.(map[string]any); n["type"] == "network" {
					n["path"] = path
				}
			}
		})
	},
	reached: func(_ string, process int) bool { return isOpening(process) },
}

// inHook holds a start in an OCI hook of a kind. The hook is a sleep: its arguments
// have the name of the bundle, by which it is found.
func inHook(kind string) hold {
	return hold{
		prepare: func(t *testing.T, dir string) {
			t.Helper()
			// crun fails if a hook does not read its input.
			addHook(t, dir, kind, "/bin/sh", "sh", "-c", "cat >/dev/null; exec sleep "+sleepTime(dir))
		},
		reached: func(dir string, process int) bool {
			line, _ := os.ReadFile(procFile(process, "cmdline"))
			return string(line) == "sleep\x00"+sleepTime(dir)+"\x00"
		},
	}
}

// sleepTime returns a time to sleep that is longer than any test and different for
// each bundle.
func sleepTime(dir string) string {
	var info unix.Stat_t
	_ = unix.Stat(dir, &info) // the directory is the test's own
	return fmt.Sprintf("300.%d", info.Ino)
}

func makeFIFO(t *testing.T, path string) {
	t.Helper()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// isOpening returns whether a thread of a process waits in openat(2).
func isOpening(process int) bool {
	threads, _ := filepath.Glob(procFile(process, "task/*/syscall")) // the pattern is valid
	for _, path := range threads {
		content, _ := os.ReadFile(path) // the thread may have exited
		if strings.HasPrefix(string(content), strconv.Itoa(unix.SYS_OPENAT)+" ") {
			return true
		}
	}
	return false
}

// heldStart is a start that is held.
type heldStart struct {
	id, dir string
	runtime *host.Process // its command that has not ended
	tree    []int         // the runtime and the container's init, with the processes below them
}

// hold runs a command of a runtime (create or run) with a bundle until the start
// has reached the hold, or with start creates the container first. What is left of
// it is killed and deleted at the end of the test.
func (r bareRuntime) hold(t *testing.T, h hold, command, dir string) *heldStart {
	t.Helper()
	h.prepare(t, dir)
	s := &heldStart{id: newID(t, r.name), dir: dir}
	cmd := r.cmd(command, "--bundle", dir, s.id)
	var tops []int
	if command == "start" {
		tops = append(tops, r.create(t, dir, s.id))
		cmd = r.cmd(command, s.id)
	}
	log := logTo(t, cmd)
	s.runtime = host.Start(t, cmd)
	tops = append(tops, s.runtime.Cmd.Process.Pid)
	t.Cleanup(func() {
		killAll(s.tree)
		runQuiet(t, r.cmd("delete", "--force", s.id))
	})
	host.WaitFor(t, 10*time.Second, "the start to be held", func() bool {
		s.tree = nil
		for _, top := range tops {
			s.tree = append(s.tree, descendants(top)...)
		}
		return slices.ContainsFunc(s.tree, func(process int) bool { return h.reached(dir, process) })
	}, func() string { return fmt.Sprintf("%v: %s", cmd.Args, readFile(t, log)) })
	return s
}

// init returns the container's init: the process that has pid 1 in the namespace in
// which it is.
func (s *heldStart) init(t *testing.T) int {
	t.Helper()
	for _, process := range s.tree {
		if strings.HasSuffix(statusField(process, "NSpid"), "\t1") {
			return process
		}
	}
	t.Fatalf("no init among %v", s.tree)
	return 0
}

// killAll kills processes, unless they have exited.
func killAll(processes []int) {
	for _, process := range processes {
		_ = unix.Kill(process, unix.SIGKILL)
	}
}

// logTo makes a command write to a file and returns its path. As pipes, its outputs
// would be kept open by a container that outlives it.
func logTo(t *testing.T, cmd *exec.Cmd) (path string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	cmd.Stdout, cmd.Stderr = file, file
	return file.Name()
}

// descendants returns a process and all processes below it, parents first.
func descendants(top int) []int {
	all := []int{top}
	for i := 0; i < len(all); i++ {
		lists, _ := filepath.Glob(procFile(all[i], "task/*/children")) // the pattern is valid
		for _, list := range lists {
			content, _ := os.ReadFile(list) // the thread may have exited
			for _, child := range strings.Fields(string(content)) {
				pid, _ := strconv.Atoi(child)
				all = append(all, pid)
			}
		}
	}
	return all
}

// procFile returns the path of a file of a process in /proc.
func procFile(process int, name string) string { return fmt.Sprintf("/proc/%d/%s", process, name) }

// statusField returns a field of a process's status in /proc, "" if the process has
// exited.
func statusField(process int, name string) string {
	content, _ := os.ReadFile(procFile(process, "status"))
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimRight(value, "\n")
		}
	}
	return ""
}
