package bpf

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// scenario is what a process does for a test: the test binary itself, under
// another name. Its results go to the test.
type scenario func(dir string) (results, error)

// results are what a scenario knows about its process: numbers by name.
type results map[string]uint32

var scenarios = map[string]scenario{}

// mechanism is the one by which all tests attach the probes.
var mechanism = flag.String("mechanism", MechanismAuto, "`mechanism` by which probes are attached")

const scenarioVariable = "CSE_SCENARIO"

func TestMain(m *testing.M) {
	// The main thread is /proc/self: no test may leave it in new namespaces, and a
	// scenario looks at its own process.
	runtime.LockOSThread()
	run := scenarios[os.Getenv(scenarioVariable)]
	if run == nil {
		flag.Parse()
		if os.Getenv(nodeVariable) != "" {
			if err := mountProc(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		_ = rlimit.RemoveMemlock() // tests have maps and programs of their own, charged before 5.11
		if *withTwins {
			preempts = func() preemption { return preemption{functions: true, tracepoints: true} }
		}
		status := m.Run()
		if err := closeShared(); err != nil {
			fmt.Fprintln(os.Stderr, "close:", err)
			status = 1
		}
		os.Exit(status)
	}
	r, err := run(os.Args[1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play runs a scenario in a process of this name. It returns the pid of the
// process, its directory and its results.
func play(t *testing.T, name, scenario string) (pid int, dir string, r results) {
	t.Helper()
	state, dir, r := playToEnd(t, name, scenario)
	return state.Pid(), dir, r
}

// playToEnd is play, but returns how the process ended.
func playToEnd(t *testing.T, name, scenario string) (state *os.ProcessState, dir string, r results) {
	t.Helper()
	return playAs(t, name, scenario, nil)
}

// playAs is playToEnd, but starts the process with attributes.
func playAs(t *testing.T, name, scenario string, attributes *syscall.SysProcAttr) (state *os.ProcessState, dir string, r results) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	cmd := exec.Command(copyProgram(t, self, name), dir)
	cmd.Env = append(os.Environ(), scenarioVariable+"="+scenario)
	cmd.Stderr = new(bytes.Buffer)
	cmd.SysProcAttr = attributes
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", scenario, err, cmd.Stderr)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState, dir, r
}

// ownNS returns the inode number of a namespace of the calling thread.
func ownNS(ns string) uint32 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/"+ns, &st); err != nil {
		panic(err)
	}
	return uint32(st.Ino)
}

// privateMounts moves the calling thread to a new mount namespace.
func privateMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// inOrder runs steps until one fails.
func inOrder(steps ...func() error) error {
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}
