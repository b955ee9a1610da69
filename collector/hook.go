package collector

import (
	"fmt"
	"path"
	"strconv"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// hooks is the progress of a start's OCI hooks.
type hooks struct {
	running  int    // those executed before pivot_root that have not exited
	lastExit int64  // of those executed before pivot_root
	used     []bool // which hooks of the bundle's list have been executed
}

// hookRun is one execution of an OCI hook. The children of its process inherit it.
type hookRun struct {
	process *process
	attempt *attempt
	early   bool // before pivot_root: it belongs to the phase hooks
	op      *operation
}

// hookCandidate returns the start of which p becomes a hook if it executes a
// program: a process that the runtime or init has forked. Otherwise it returns nil.
func (p *process) hookCandidate() *attempt {
	if p.hook != nil || p.command == nil || p.command.process == p {
		return nil
	}
	att := p.command.attempt
	if att == nil || att.ended || p.command.wrapped || p.command.mayBeWrapper() && !att.hasInit() {
		return nil
	}
	return att
}

// execHook handles the execution of an OCI hook.
func (att *attempt) execHook(p *process, e *event.Event) {
	kind, isHook := att.hookKind(p, e)
	if !isHook {
		return
	}
	p.hook = &hookRun{process: p, attempt: att, early: att.beforePivot()}
	p.hook.op = att.addExec(start.OpHook, e, map[string]string{start.AttrHook: hookName(e), start.AttrPID: strconv.Itoa(p.pid)})
	if kind != "" {
		p.hook.op.attributes[start.AttrKind] = kind
	}
	if p.hook.early {
		att.hooks.running++
	}
	att.beginHook(p, e.Time)
}

// beginHook begins the phase hooks with the first hook before pivot_root; p is the
// hook's process.
func (att *attempt) beginHook(p *process, at int64) {
	if att.nextInit == p {
		att.nextInit = nil
	}
	if att.beforePivot() {
		att.marks.clear(start.PhaseInit)
		att.beginPhase(start.PhaseHooks, at)
	}
}

// beforePivot reports whether init has still to change its root. A sandbox has no such
// moment, and hooks are no phase of its start.
func (att *attempt) beforePivot() bool { return !att.pivoted && !att.runtime.Sandboxed }

// hookFailedToExec handles a call that could not execute a hook: one that does not
// exist, for example. Only the bundle shows that the program is a hook, by its whole
// path, as runtimes search no PATH for it.
func (att *attempt) hookFailedToExec(p *process, e *event.Event) {
	if att.bundle == nil {
		return
	}
	kind, isHook := att.hookKind(p, e)
	if !isHook {
		return
	}
	att.addOperation(start.OpHook, e.Began(), e.Time, attributes(start.AttrHook, hookName(e), start.AttrKind, kind, start.AttrError, errno(e.Ret)))
	att.beginHook(p, e.Began())
	if att.beforePivot() {
		att.hooks.lastExit = e.Time
	}
	att.failure.cause = failureCause{kind: start.ErrorHook, text: fmt.Sprintf("hook %s: %s", e.File, errno(e.Ret))}
}

// hookKind returns the kind of a hook, found by its path in the bundle's list and by
// whether init or the runtime executes it. A program that the bundle does not list
// is not a hook. If the bundle is not known, every program is, and the kind is empty.
func (att *attempt) hookKind(p *process, e *event.Event) (kind string, isHook bool) {
	if att.bundle == nil {
		return "", !att.runtime.Sandboxed // it executes itself
	}
	for i, h := range att.bundle.Hooks {
		if !att.hooks.used[i] && h.Path == e.File && p.byInit == runsInContainer(h.Kind) {
			att.hooks.used[i] = true
			return h.Kind, true
		}
	}
	return "", false
}

// runsInContainer reports whether hooks of a kind are executed by init, in the
// container's namespaces, and not by the runtime.
func runsInContainer(kind string) bool { return kind == "createContainer" || kind == "startContainer" }

// hookName returns the base name of a hook's executable, or of its args[0] if it is
// executed by another path (libnetwork-setkey is dockerd's /proc/PID/exe).
func hookName(e *event.Event) string {
	base := path.Base(e.File)
	if len(e.Args) > 0 && (base == "exe" || base == ".") {
		base = path.Base(e.Args[0])
	}
	return bounded(base)
}

// exit handles the exit of a hook.
func (h *hookRun) exit(e *event.Event) {
	h.op.exit(e)
	if h.early {
		h.attempt.hooks.running--
		h.attempt.hooks.lastExit = e.Time
	}
	if e.Status != 0 && !h.attempt.ended {
		h.attempt.failure.cause = failureCause{kind: start.ErrorHook, text: "hook " + h.op.attributes[start.AttrHook] + " " + describeExit(e.Status)}
	}
}

// closeHooksPhase ends the phase hooks, if there is one, when init continues: the
// hooks before pivot_root are over. The phase ended when the last of them exited.
func (att *attempt) closeHooksPhase(at int64) {
	if att.marks.has(start.PhaseHooks) && att.hooks.running == 0 && at > att.hooks.lastExit && att.hooks.lastExit != 0 {
		att.beginPhase(start.PhaseInit, att.hooks.lastExit)
	}
}
