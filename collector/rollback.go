package collector

import (
	"fmt"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/start"
)

// rollBack handles a CNI plugin that takes a network down. If an engine lets it do so
// for a container whose network was set up a moment ago, and for which nothing else was
// executed, the start has failed. That is all that is ever seen of it: it has no shim and
// no runtime. CRI-O lets the plugins CHECK each network that they have set up: that takes
// nothing down. Nor does it execute anything for a sandbox, by default: its start has
// failed only if a plugin has, and no container of the pod was started.
func (a *Assembler) rollBack(by *process, r network.Run, at int64) {
	if r.Attributes[start.AttrCommand] != "DEL" || r.ContainerID == "" || len(r.ContainerID) > maxID || !by.origin.isHost() || a.sandboxes.has(r.ContainerID) {
		return
	}
	of, ok := engine.ByPlugin(by.forkedBy.Comm, r.ContainerID, r.Args)
	runs := a.waitingRuns(by.origin, r.ContainerID)
	failed := firstFailed(runs)
	if !ok || len(runs) == 0 || failed == nil && of.OnlyNetwork {
		return
	}
	att := a.beginStart(r.ContainerID, of.Engine, by, runs[0].begin)
	if att == nil {
		return
	}
	att.name, att.rolledBack = of.Name, of.Pod
	att.evidence.launched = true
	a.decideID(att.origin, att.id, runs[0].begin) // joins the runs, and by them the network namespace
	if failed == nil {
		a.fail(att, at, start.ErrorCancelled, "the engine undid the network, though no CNI plugin had failed: is another one missing, or the sandbox's image?")
		return
	}
	a.fail(att, at, start.ErrorNetwork, fmt.Sprintf("CNI plugin %s failed with exit code %s",
		failed.attributes[start.AttrPlugin], failed.attributes[start.AttrExitCode]))
}

// waitingRuns returns the runs of CNI plugins for a container that no start owns yet, the
// first one in front.
func (a *Assembler) waitingRuns(o *origin, id string) (runs []*netTool) {
	for _, w := range o.joins.WaitingFor(join.Container(id)) {
		if n, ok := w.(*netTool); ok && n.name == start.OpCNI {
			runs = append(runs, n)
		}
	}
	return runs
}

// firstFailed returns the run of a CNI plugin that failed first, of runs and what they have
// executed; nil if none failed. Others fail because of it, such as the plugin that has
// executed it. What else plugins execute, such as iptables to look for a rule, may fail
// without harm.
func firstFailed(runs []*netTool) (failed *netTool) {
	for _, n := range runs {
		for _, one := range []*netTool{n, firstFailed(n.nested)} {
			if one != nil && one.name == start.OpCNI && one.end != 0 && one.attributes[start.AttrExitCode] != "0" &&
				(failed == nil || one.end < failed.end) {
				failed = one
			}
		}
	}
	return failed
}
