package bpf

import (
	"sync"

	"container_start_exporter/collector"
)

// skipped counts for which events the kernel may have passed over the programs
// of a hook: see c/pair.h. It does not know whose events these were,
// and so tells the most that can have been lost.
type skipped struct {
	mu     sync.Mutex
	events losses
}

// toldBy are the kinds of events that hooks tell of, which have other names.
var toldBy = map[string]collector.Kind{
	probesProgTaskNewtask:      collector.KindFork,
	probesProgSchedProcessExec: collector.KindExec,
	probesProgSchedProcessExit: collector.KindExit,
	probesProgTaskRename:       collector.KindRename,
	probesProgCgroupAttachTask: collector.KindCgroupAttach,
	"execve":                   collector.KindExec,
	"execveat":                 collector.KindExec,
	"clone":                    collector.KindFork,
	"copy_net_ns":              collector.KindUnshare,
	"rtnetlink":                collector.KindNetlink,
}

// kindOf is the kind of the events that a hook tells of.
func kindOf(hook string) collector.Kind {
	if kind, is := toldBy[hook]; is {
		return kind
	}
	return collector.Kind(hook)
}

// count asks the kernel anew. Of two programs on a point, both must have been
// passed over.
func (s *skipped) count(l *loader, hooks []Hook) {
	var now losses
	for _, h := range hooks {
		for _, p := range h.unseen {
			now[indexOf(kindOf(h.Name))] += l.skips(p)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = now
}

func (s *skipped) losses() losses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events
}

// unseen are the points of a way where the programs themselves do not see that
// one was passed over, as they see of a call's exit: see call_missed.
func unseen(w way) []point {
	var at []point
	for _, p := range w.points {
		if p.kind == "tp_btf" || p.kind == "fentry" || p.kind == "fexit" && !endsCall[p.program] {
			at = append(at, p)
		}
	}
	return at
}

// endsCall are the programs that end what an entry began.
var endsCall = map[string]bool{
	probesProgFexitExec:            true,
	probesProgFexitNamespace:       true,
	probesProgFexitMount:           true,
	probesProgFexitPathless:        true,
	probesProgFexitRtnetlinkRcvMsg: true,
	probesProgFexitCopyNetNs:       true, // the time is not known then
}

// countSkipped looks at what was passed over so far, which takes a system call
// for each program: only where a program can be.
func (p *Probes) countSkipped() {
	if p.loader.paired.functions {
		p.skipped.count(p.loader, p.Hooks())
	}
}
