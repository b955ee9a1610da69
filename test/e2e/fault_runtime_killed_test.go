package e2e

import "testing"

// killedCase is a start that is held in a phase while a process of it is killed.
type killedCase struct {
	name    string
	hold    hold
	command string // create, run, or start of a container that is created before
	phase   string // in which the start fails; empty if nothing shows that it is one
	init    bool   // the container's init is killed, not the runtime
	hook    bool   // init goes on when the runtime is killed, until its hook is killed, too
	runtime string // if the case exists only with this one
}

// TestAbandoned kills init in the phase wait, and TestRuntimeKilled lets a hook kill
// its runtime. A run that is killed in a startContainer hook fails nothing: init goes on.
var killedCases = []killedCase{
	// no bundle can be read, and the runtime has made no process
	{name: "create", hold: openConfig, command: "create"},
	{name: "create, run", hold: openConfig, command: "run"},
	// crun opens the namespace before its clone.
	{name: "namespaces", hold: openNamespace, command: "create", phase: "namespaces", runtime: "runc"},
	{name: "createRuntime hook, run", hold: inHook("createRuntime"), command: "run", phase: "hooks"},
	{name: "createRuntime hook, init", hold: inHook("createRuntime"), command: "create", phase: "hooks", init: true},
	{name: "createContainer hook", hold: inHook("createContainer"), command: "create", phase: "hooks", hook: true},
	{name: "createContainer hook, init", hold: inHook("createContainer"), command: "run", phase: "hooks", init: true},
	{name: "startContainer hook, run, init", hold: inHook("startContainer"), command: "run", phase: "init", init: true},
	{name: "startContainer hook, start, init", hold: inHook("startContainer"), command: "start", phase: "start", init: true},
}

// TestFaultRuntimeKilled kills the runtime or the container's init in the middle of
// each phase in which a start can be held: each is one start, which failed in that
// phase, and none stays in progress.
func TestFaultRuntimeKilled(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s, w := serve(t), watch(t)
		before := s.scrape(t)
		failedIn := map[string]float64{}
		var ids []string
		for _, c := range killedCases {
			if c.runtime != "" && c.runtime != r.name || c.phase == "" {
				continue
			}
			failedIn[c.phase]++
			t.Run(c.name, func(t *testing.T) { ids = append(ids, c.test(t, r, w)) })
		}
		checkFailureCounts(t, s, before, r.name, failedIn)
		for _, c := range killedCases {
			if c.phase == "" {
				t.Run(c.name, func(t *testing.T) { c.testUnproven(t, r, w) })
			}
		}
		later, _ := r.run(t, "/bin/true")
		w.wait(t, append(ids, later)...) // for exactly one start of each
	})
}

// test kills a process of a start that is held, checks that the start failed, and
// returns its id.
func (c killedCase) test(t *testing.T, r bareRuntime, w *watcher) (id string) {
	held := r.hold(t, c.hold, c.command, bundle(t, "/bin/sleep", "300"))
	victim := held.runtime.Cmd.Process.Pid
	if c.init {
		victim = held.init(t)
	}
	killAll([]int{victim})
	if c.hook {
		<-held.runtime.Exited
		killAll(held.tree[len(held.tree)-1:])
	}
	checkFailedFor(t, w, held.id, c.phase, []string{"runtime", "init", "killed", "hook"})
	return held.id
}

// testUnproven kills the runtime of a start that is held, and checks that no start is
// reported, up to a later one.
func (c killedCase) testUnproven(t *testing.T, r bareRuntime, w *watcher) {
	held := r.hold(t, c.hold, c.command, bundle(t, "/bin/sleep", "300"))
	killAll([]int{held.runtime.Cmd.Process.Pid})
	<-held.runtime.Exited
	later, _ := r.run(t, "/bin/true")
	w.wait(t, later)
	if n := len(w.starts(t, held.id)); n != 0 {
		t.Errorf("%d starts are reported of which nothing is known but a command line", n)
	}
}
