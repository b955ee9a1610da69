package collector

import (
	"path"
	"strconv"
)

// hooks is where a start is with its OCI hooks.
type hooks struct {
	running  int    // before pivot_root
	lastExit int64  // of one before pivot_root
	used     []bool // which hooks of the bundle have been executed
}

// hookRun is one execution of an OCI hook. Its children inherit it.
type hookRun struct {
	process *process
	attempt *attempt
	early   bool // before pivot_root: it belongs to the phase hooks
	op      *operation
}

// hookOf is the start for which p would be a hook if it executed a program:
// the runtime's own processes and init fork it for that.
func (p *process) hookOf() *attempt {
	if p.hook != nil || p.command == nil || p.command.process == p {
		return nil
	}
	t := p.command.attempt
	if t == nil || t.ended {
		return nil
	}
	return t
}

// execHook takes the execution of a hook.
func (t *attempt) execHook(p *process, e *Event) {
	kind, known := t.whichHook(p, e)
	if !known {
		return
	}
	p.hook = &hookRun{process: p, attempt: t, early: !t.pivoted}
	p.hook.op = t.execute(OpHook, e, map[string]string{"hook": hookName(e), "pid": strconv.Itoa(p.pid)})
	if kind != "" {
		p.hook.op.attributes["kind"] = kind
	}
	if t.heir == p {
		t.heir = nil
	}
	if p.hook.early {
		t.hooks.running++
		t.marks.clear(PhaseInit)
		t.mark(PhaseHooks, e.Time)
	}
}

// whichHook tells the kind of a hook by the bundle's list and by who executes
// it. Where the bundle is known, what it does not list is no hook.
func (t *attempt) whichHook(p *process, e *Event) (kind string, known bool) {
	if t.bundle == nil {
		return "", true
	}
	for i, h := range t.bundle.Hooks {
		if !t.hooks.used[i] && h.Path == e.File && p.byInit == insideContainer(h.Kind) {
			t.hooks.used[i] = true
			return h.Kind, true
		}
	}
	return "", false
}

// insideContainer says that hooks of a kind are executed in the container's
// namespaces, by init, rather than by the runtime.
func insideContainer(kind string) bool { return kind == "createContainer" || kind == "startContainer" }

// hookName is a hook's name: what it calls itself where it is executed by
// another path than its own (libnetwork-setkey is dockerd's /proc/PID/exe).
func hookName(e *Event) string {
	base := path.Base(e.File)
	if len(e.Args) > 0 && (base == "exe" || base == ".") {
		base = path.Base(e.Args[0])
	}
	return bounded(base)
}

// exit takes the end of a hook.
func (h *hookRun) exit(e *Event) {
	h.op.exit(e)
	if h.early {
		h.attempt.hooks.running--
		h.attempt.hooks.lastExit = e.Time
	}
	if e.Status != 0 && !h.attempt.ended {
		h.attempt.mishap = mishap{kind: ErrorHook, text: "hook " + h.op.attributes["hook"] + " " + ended(e.Status)}
	}
}

// goesOn takes a sign that init does something again: the hooks before
// pivot_root, if there were any, are over. They ended when the last one exited.
func (t *attempt) goesOn(at int64) {
	if t.marks.has(PhaseHooks) && t.hooks.running == 0 && at > t.hooks.lastExit && t.hooks.lastExit != 0 {
		t.mark(PhaseInit, t.hooks.lastExit)
	}
}
