package collector

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// The processes of the scenarios below.
const (
	testShim    = 10
	testRuntime = 20
	testInit    = 30
	testStart   = 40
)

// execOCI has a process execute a program on a container's bundle.
func (h *hostile) execOCI(pid int, file, command string, args ...string) {
	line := append(args, "--root", "/r", command)
	if command == "create" {
		line = append(line, "--bundle", "/b")
	}
	h.do(event.Event{Kind: event.KindExec, PID: pid, File: file, Args: append(line, "web"), MntNS: 1})
}

func (h *hostile) fork(pid, child int, flags uint64) {
	h.do(event.Event{Kind: event.KindFork, PID: pid, Child: child, Flags: flags})
}

// finishStart lets the runtime of testRuntime make an init, exit, and start the entrypoint
// as the program that start executes.
func (h *hostile) finishStart(creator int, start func()) {
	h.fork(creator, testInit, unix.CLONE_NEWNS)
	h.do(event.Event{Kind: event.KindExit, PID: creator})
	h.fork(testShim, testStart, 0)
	start()
	h.do(event.Event{Kind: event.KindExec, PID: testInit, File: "/app", Args: []string{"/app"}, MntNS: 2})
}

// only returns the one start that was reported, with its phases.
func (h *hostile) only(t *testing.T) (*start.Start, map[start.PhaseName]time.Duration) {
	t.Helper()
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Started {
		t.Fatalf("%d starts: %+v", len(h.tally.starts), h.tally.starts)
	}
	phases := map[start.PhaseName]time.Duration{}
	for _, p := range h.tally.starts[0].Phases {
		phases[p.Name] = p.Begin
	}
	return h.tally.starts[0], phases
}

// TestRuntimeOfAnyName has a shim execute a runtime whose name says nothing: its command
// line does.
func TestRuntimeOfAnyName(t *testing.T) {
	h := newHostile(t)
	h.launchByEngine(testShim, "web")
	h.fork(testShim, testRuntime, 0)
	h.execOCI(testRuntime, "/opt/tank", "create", "/opt/tank")
	h.finishStart(testRuntime, func() { h.execOCI(testStart, "/opt/tank", "start", "/opt/tank") })
	s, phases := h.only(t)
	if _, has := phases[start.PhaseWait]; s.Runtime != "other" || !has || phases[start.PhaseStart] == 0 {
		t.Errorf("runtime %s, phases %v", s.Runtime, phases)
	}
}

// TestWrapper has a shim execute a script that executes runc: in its place, or as its child
// after another program, which is no hook.
func TestWrapper(t *testing.T) {
	for _, child := range []bool{false, true} {
		h := newHostile(t)
		const script, helper = "/opt/wrap.sh", 21
		h.launchByEngine(testShim, "web")
		h.fork(testShim, testRuntime, 0)
		h.execOCI(testRuntime, script, "create", "/bin/sh", script)
		wrapped := time.Duration(h.now)
		h.fork(testRuntime, helper, 0)
		h.do(event.Event{Kind: event.KindExec, PID: helper, File: "/bin/jq", Args: []string{"jq"}})
		h.do(event.Event{Kind: event.KindExit, PID: helper})
		runc := testRuntime
		if child {
			runc = 22
			h.fork(testRuntime, runc, 0)
		}
		h.execOCI(runc, "/bin/runc", "create", "/bin/runc")
		h.do(event.Event{Kind: event.KindRename, PID: runc, Name: "runc"})
		h.fork(runc, 23, 0)
		h.do(event.Event{Kind: event.KindRename, PID: 23, Name: "runc:[2:INIT]"})
		h.do(event.Event{Kind: event.KindExit, PID: runc})
		h.fork(testShim, testStart, 0)
		h.execOCI(testStart, script, "start", "/bin/sh", script)
		h.execOCI(testStart, "/bin/runc", "start", "/bin/runc")
		h.do(event.Event{Kind: event.KindExec, PID: 23, File: "/app", Args: []string{"/app"}, MntNS: 2})
		s, phases := h.only(t)
		begin := time.Duration(s.Begin.UnixNano())
		if _, has := phases[start.PhaseHooks]; has || s.Runtime != "runc" || begin+phases[start.PhaseCreate] != wrapped {
			t.Errorf("child %v: runtime %s, phases %v", child, s.Runtime, phases)
		}
		var names []string
		for _, o := range s.Operations {
			if o.Name == start.OpWrapper {
				names = append(names, o.Attributes[start.AttrProgram]+" "+o.Attributes[start.AttrCommand])
			}
		}
		if len(names) != 2 || names[0] != "wrap.sh create" || names[1] != "wrap.sh start" {
			t.Errorf("child %v: wrappers %q", child, names)
		}
	}
}

// TestNoRuntime executes what only looks like a runtime: not under a shim, or by a hook.
func TestNoRuntime(t *testing.T) {
	h := newHostile(t)
	h.execOCI(testRuntime, "/opt/tank", "create", "/opt/tank")
	h.fork(testRuntime, testInit, unix.CLONE_NEWNS)
	h.do(event.Event{Kind: event.KindExit, PID: testRuntime})
	if s := h.Stats(); s.Attempted != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWrapperBeyondShim has an engine itself execute the start command of a runtime that its
// monitor has executed, as Podman does: of one of any name, or by a wrapper whose runtime has
// another root directory. It starts no other container.
func TestWrapperBeyondShim(t *testing.T) {
	for _, wrapper := range []bool{false, true} {
		h := newHostile(t)
		const tank = "/opt/tank"
		exec := func(pid int, line ...string) {
			h.do(event.Event{Kind: event.KindExec, PID: pid, File: line[0], Args: line, MntNS: 1})
		}
		h.launchByEngine(testShim, "web")
		h.fork(testShim, testRuntime, 0)
		exec(testRuntime, tank, "create", "--bundle", "/b", "web")
		if wrapper {
			exec(testRuntime, "/bin/runc", "create", "--bundle", "/b", "web")
		}
		h.do(event.Event{Kind: event.KindRename, PID: testRuntime, Name: "runc:[0:PARENT]"})
		h.fork(testRuntime, testInit, 0)
		h.do(event.Event{Kind: event.KindRename, PID: testInit, Name: "runc:[2:INIT]"})
		h.do(event.Event{Kind: event.KindExit, PID: testRuntime})
		for i, id := range []string{"other", "web"} {
			h.fork(1, testStart+i, 0)
			exec(testStart+i, tank, "start", id)
			if wrapper {
				exec(testStart+i, "/bin/runc", "start", id)
			}
		}
		h.do(event.Event{Kind: event.KindExec, PID: testInit, File: "/app", Args: []string{"/app"}, MntNS: 2})
		h.tally.starts = slices.DeleteFunc(h.tally.starts, func(s *start.Start) bool { return s.ContainerID == "other" })
		s, phases := h.only(t)
		if _, has := phases[start.PhaseStart]; s.Runtime != "runc" || !has {
			t.Errorf("wrapper %t: runtime %s, phases %v", wrapper, s.Runtime, phases)
		}
		var names []string
		for _, o := range s.Operations {
			if o.Name == start.OpRuntime || o.Name == start.OpWrapper {
				names = append(names, string(o.Name)+" "+o.Attributes[start.AttrProgram]+o.Attributes[start.AttrRuntime]+" "+o.Attributes[start.AttrCommand])
			}
		}
		want := []string{"runtime runc create", "runtime runc start"}
		if wrapper {
			want = []string{"wrapper tank create", "runtime runc create", "wrapper tank start", "runtime runc start"}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q; want %q", names, want)
		}
		if n := len(h.Assembler.starts.byCreate); n != 0 {
			t.Errorf("%d create commands belong to a start", n)
		}
	}
}

// TestChainOfWrappers executes one script after another in the place of a runtime: no more of
// it is kept for that.
func TestChainOfWrappers(t *testing.T) {
	h := newHostile(t)
	h.launchByEngine(testShim, "web")
	h.fork(testShim, testRuntime, 0)
	for i := range 1000 {
		script := "/opt/" + strconv.Itoa(i)
		h.do(event.Event{Kind: event.KindExec, PID: testRuntime, File: script, Args: []string{"/bin/sh", script, "--root", script, "create", "--bundle", "/b", "web"}, MntNS: 1})
	}
	if n := len(h.Assembler.starts.byCreate); n != 2 {
		t.Errorf("%d create commands belong to a start", n)
	}
}

// TestWrapperNamedLikeRuntime has a program that is named after runc execute runc as its child:
// that is one start.
func TestWrapperNamedLikeRuntime(t *testing.T) {
	h := newHostile(t)
	const child = 21
	h.launchByEngine(testShim, "web")
	h.fork(testShim, testRuntime, 0)
	h.execOCI(testRuntime, "/opt/our-runc", "create", "/opt/our-runc")
	h.fork(testRuntime, child, 0)
	h.execOCI(child, "/bin/runc", "create", "/bin/runc")
	h.execOCI(child, "/proc/self/exe", "create", "/bin/runc") // a sealed copy of itself
	h.fork(child, testInit, 0)
	h.do(event.Event{Kind: event.KindRename, PID: testInit, Name: "runc:[2:INIT]"})
	h.do(event.Event{Kind: event.KindExit, PID: child})
	h.do(event.Event{Kind: event.KindExit, PID: testRuntime})
	h.fork(testShim, testStart, 0)
	h.execOCI(testStart, "/opt/our-runc", "start", "/opt/our-runc")
	h.do(event.Event{Kind: event.KindExec, PID: testInit, File: "/app", Args: []string{"/app"}, MntNS: 2})
	s, _ := h.only(t)
	n := 0
	for _, o := range s.Operations {
		if o.Name == start.OpWrapper && o.Attributes[start.AttrProgram] == "our-runc" {
			n++
		}
	}
	if n != 1 || s.Runtime != "runc" || h.Stats().Attempted != 1 {
		t.Errorf("%d wrappers, runtime %s, %+v", n, s.Runtime, h.Stats())
	}
}
