package bpf

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// actor is what a watched process does: the test binary itself, under another
// name. What it finds out about itself it tells the test.
type actor func(dir string) (facts, error)

// facts are what the actor knows: numbers by name.
type facts map[string]uint32

var actors = map[string]actor{}

// mechanism is what the probes of all tests are attached by.
var mechanism = flag.String("mechanism", MechanismAuto, "`mechanism` by which probes are attached")

const actorVariable = "CSE_ACTOR"

func TestMain(m *testing.M) {
	// The main thread is /proc/self: no test that makes namespaces may leave them
	// to it, and an actor tells of itself.
	runtime.LockOSThread()
	act := actors[os.Getenv(actorVariable)]
	if act == nil {
		flag.Parse()
		_ = rlimit.RemoveMemlock() // tests have maps and programs of their own: before 5.11 these are charged
		if *inPairs {
			preempts = func() preemption { return preemption{functions: true, tracepoints: true} }
		}
		status := m.Run()
		if err := closeShared(); err != nil {
			fmt.Fprintln(os.Stderr, "close:", err)
			status = 1
		}
		os.Exit(status)
	}
	f, err := act(os.Args[1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play lets an actor act as a process of this name, and returns its pid, the
// directory that it had and what it told.
func play(t *testing.T, name, actor string) (pid int, dir string, f facts) {
	t.Helper()
	state, dir, f := perform(t, name, actor)
	return state.Pid(), dir, f
}

// perform is play, and returns how the process ended.
func perform(t *testing.T, name, actor string) (state *os.ProcessState, dir string, f facts) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	cmd := exec.Command(program(t, self, name), dir)
	cmd.Env = append(os.Environ(), actorVariable+"="+actor)
	cmd.Stderr = new(bytes.Buffer)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", actor, err, cmd.Stderr)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState, dir, f
}

// own is the inode of a namespace of the calling thread.
func own(ns string) uint32 {
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/"+ns, &st); err != nil {
		panic(err)
	}
	return uint32(st.Ino)
}

// private gives the calling thread a mount namespace of its own.
func private() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// all runs steps until one fails.
func all(steps ...func() error) error {
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}
