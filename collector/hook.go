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
func (p *process) hookCandidate() *attempt {
	if p.hook != nil || p.command == nil || p.command.process == p {
		return nil
	}
	att := p.command.attempt
	if att == nil || att.ended {
		return nil
	}
	return att
}

// execHook takes the execution of a hook.
func (att *attempt) execHook(p *process, e *Event) {
	kind, known := att.hookKind(p, e)
	if !known {
		return
	}
	p.hook = &hookRun{process: p, attempt: att, early: !att.pivoted}
	p.hook.op = att.addExec(OpHook, e, map[string]string{"hook": hookName(e), "pid": strconv.Itoa(p.pid)})
	if kind != "" {
		p.hook.op.attributes["kind"] = kind
	}
	if att.nextInit == p {
		att.nextInit = nil
	}
	if p.hook.early {
		att.hooks.running++
		att.marks.clear(PhaseInit)
		att.beginPhase(PhaseHooks, e.Time)
	}
}

// whichHook tells the kind of a hook by the bundle's list and by who executes
// it. Where the bundle is known, what it does not list is no hook.
func (att *attempt) hookKind(p *process, e *Event) (kind string, known bool) {
	if att.bundle == nil {
		return "", true
	}
	for i, h := range att.bundle.Hooks {
		if !att.hooks.used[i] && h.Path == e.File && p.byInit == runsInContainer(h.Kind) {
			att.hooks.used[i] = true
			return h.Kind, true
		}
	}
	return "", false
}

// insideContainer says that hooks of a kind are executed in the container's
// namespaces, by init, rather than by the runtime.
func runsInContainer(kind string) bool { return kind == "createContainer" || kind == "startContainer" }

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
		h.attempt.cause = failureCause{kind: ErrorHook, text: "hook " + h.op.attributes["hook"] + " " + describeExit(e.Status)}
	}
}

// goesOn takes a sign that init does something again: the hooks before
// pivot_root, if there were any, are over. They ended when the last one exited.
func (att *attempt) closeHooksPhase(at int64) {
	if att.marks.has(PhaseHooks) && att.hooks.running == 0 && at > att.hooks.lastExit && att.hooks.lastExit != 0 {
		att.beginPhase(PhaseInit, att.hooks.lastExit)
	}
}
