package collector

import (
	"slices"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// withoutProbe are the parts that starts lack, or have only in part, without each
// kernel probe; none if the probe shows nothing of a start that nothing else shows.
// Without the first three no start is seen at all.
var withoutProbe = map[string][]string{
	"task_newtask":       nil,
	"sched_process_exec": nil,
	"sched_process_exit": nil,

	// runc's and youki's stages name themselves: without it their starts have no init
	"task_rename":        {start.LacksPhase(start.PhaseNamespaces), start.LacksPhase(start.PhaseRootfs), start.LacksOperation(start.OpMount)},
	"cgroup_mkdir":       {start.LacksPhase(start.PhaseCgroup), start.LacksOperation(start.OpCgroup)},
	"cgroup_attach_task": {start.LacksPhase(start.PhaseCgroup), start.LacksOperation(start.OpCgroup)},
	"cgroup_rmdir":       nil,

	"execve":   {start.DegradedFailure},
	"execveat": {start.DegradedFailure},

	"clone":       {start.LacksOperation(start.OpNetns)},
	"unshare":     {start.LacksPhase(start.PhaseNamespaces), start.LacksOperation(start.OpNetns)},
	"setns":       {start.LacksOperation(start.OpLibnetwork), start.LacksOperation(start.OpNetwork)},
	"copy_net_ns": {start.LacksOperation(start.OpNetns)},

	"mount":          {start.LacksPhase(start.PhaseRootfs), start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"umount":         {start.LacksOperation(start.OpRootfsMount)},
	"pivot_root":     {start.LacksPhase(start.PhaseHooks), start.LacksPhase(start.PhaseInit), start.LacksOperation(start.OpPivotRoot)},
	"chroot":         {start.LacksPhase(start.PhaseInit), start.LacksOperation(start.OpPivotRoot)},
	"open_tree":      {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"open_tree_attr": {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"move_mount":     {start.LacksPhase(start.PhaseRootfs), start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"fsopen":         {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"fsconfig":       {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"fsmount":        {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},
	"mount_setattr":  {start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)},

	"rtnetlink":    {start.LacksOperation(start.OpVeth), start.LacksOperation(start.OpNetwork)},
	"veth_newlink": {start.LacksOperation(start.OpVeth)},
	"veth_dellink": nil,
	"RTNLGRP_LINK": {start.LacksOperation(start.OpVeth)},

	"listen": {start.DegradedReady},
	"task":   {start.DegradedLineage, start.LacksOperation(start.OpRootfsMount), start.LacksOperation(start.OpNetwork)},
}

// KnownProbes returns the names of the kernel probes of which the collector knows what
// starts lack without them.
func KnownProbes() []string {
	var names []string
	for name := range withoutProbe {
		names = append(names, name)
	}
	return names
}

// unseenWithout returns what starts lack without these kernel probes, sorted.
func unseenWithout(probes []string) []string {
	var parts []string
	for _, p := range probes {
		parts = append(parts, withoutProbe[p]...)
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// SetMissing sets which kernel probes are not attached: every start that is reported
// from now on says in Degraded what it lacks because of that. Names that are not known
// are ignored.
func (a *Assembler) SetMissing(probes []string) { a.unseen = unseenWithout(probes) }

// noteCut records that a program was executed for the start with more arguments, or a
// larger environment, than were read: what they name may be missing.
func (att *attempt) noteCut(e *event.Event) {
	att.argumentsCut = att.argumentsCut || e.Kind == event.KindExec && e.Truncated
}

// noteCut records a program for the start that its process works for. The entrypoint
// has ended the start: nothing is learnt from its arguments.
func (a *Assembler) noteCut(e *event.Event) {
	if !e.Truncated {
		return
	}
	if att := a.processes.find(e.PID, e.StartTime).currentStart(); att != nil {
		att.noteCut(e)
	}
}

// degraded returns what the record of a start lacks, of itself and because probes are
// missing.
func (att *attempt) degraded(outcome start.Outcome, unseen []string) (parts []string) {
	for _, one := range []struct {
		lacks bool
		part  string
	}{
		{att.create != nil && att.bundle == nil, start.DegradedBundle},
		{att.timeline.overflowed, start.DegradedOperations},
		{att.lacksCgroup(outcome), start.DegradedCgroup},
		{att.network.overflowed, start.DegradedNetwork},
		{att.network.vethUnknown(), start.LacksOperation(start.OpVeth)},
		{att.argumentsCut, start.DegradedArguments},
	} {
		if one.lacks {
			parts = append(parts, one.part)
		}
	}
	for _, part := range unseen {
		if !att.isWhole(part, outcome) && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// isWhole reports whether a start has a part although a probe for it is missing: it did
// not fail, or pivot_root was seen, so that no chroot is missing.
func (att *attempt) isWhole(part string, outcome start.Outcome) bool {
	switch part {
	case start.DegradedFailure:
		return outcome == start.Started
	case start.LacksPhase(start.PhaseInit), start.LacksOperation(start.OpPivotRoot):
		return att.pivoted
	}
	return false
}
