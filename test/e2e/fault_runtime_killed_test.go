package e2e

import "testing"

// killedCase is a start that is held in a phase while a process of it is killed.
type killedCase struct {
	name    string
	hold    hold
	command string // create, run, or start of a container that is created before
	phase   string // in which the start fails
	init    bool   // the container's init is killed, not the runtime
	runtime string // if the case exists only with this one
}

// TestAbandoned kills init in the phase wait, and TestRuntimeKilled lets a hook kill
// its runtime.
var killedCases = []killedCase{
	{name: "create", hold: openConfig, command: "create", phase: "create"},
	{name: "create, run", hold: openConfig, command: "run", phase: "create"},
	// crun opens the namespace before its clone.
	{name: "namespaces", hold: openNamespace, command: "create", phase: "namespaces", runtime: "runc"},
	{name: "createRuntime hook, run", hold: inHook("createRuntime"), command: "run", phase: "hooks"},
	{name: "createRuntime hook, init", hold: inHook("createRuntime"), command: "create", phase: "hooks", init: true},
	{name: "createContainer hook", hold: inHook("createContainer"), command: "create", phase: "hooks"},
	{name: "createContainer hook, init", hold: inHook("createContainer"), command: "run", phase: "hooks", init: true},
	{name: "startContainer hook, run", hold: inHook("startContainer"), command: "run", phase: "init"},
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
			if c.runtime != "" && c.runtime != r.name {
				continue
			}
			failedIn[c.phase]++
			t.Run(c.name, func(t *testing.T) { ids = append(ids, c.test(t, r, w)) })
		}
		checkFailureCounts(t, s, before, r.name, failedIn)
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
	checkFailedFor(t, w, held.id, c.phase, []string{"runtime", "init", "killed", "hook"})
	return held.id
}
