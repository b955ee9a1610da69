package collector

import (
	"cmp"
	"fmt"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/start"
)

// rollBack handles a CNI plugin that takes a network down. If an engine lets it do so
// for a container whose network was set up a moment ago, and for which nothing else was
// executed, the start has failed: a plugin of the list failed, or could not be executed.
// That is all that is ever seen of such a start: it has no shim and no runtime. CRI-O lets
// the plugins CHECK each network that they have set up: that takes nothing down. Nor does it
// execute anything for a sandbox, by default: it has not failed if a container of its pod
// was started.
func (a *Assembler) rollBack(by *process, r network.Run, at int64) {
	if r.Attributes[start.AttrCommand] != "DEL" || r.ContainerID == "" || len(r.ContainerID) > maxID || !by.origin.isHost() || a.sandboxes.has(r.ContainerID) {
		return
	}
	of, ok := engine.ByPlugin(by.forkedBy.Comm, r.ContainerID, r.Args)
	first := a.waitingRun(by.origin, r.ContainerID)
	if !ok || first == nil {
		return
	}
	att := a.beginStart(r.ContainerID, of.Engine, by, first.begin)
	if att == nil {
		return
	}
	att.name, att.rolledBack = of.Name, of.Pod
	att.evidence.launched = true
	a.decideID(att.origin, att.id, first.begin) // joins the runs, and by them the network namespace
	a.fail(att, at, start.ErrorNetwork, att.network.whyRolledBack())
}

// waitingRun returns the first run of a CNI plugin for a container that no start owns yet;
// nil if there is none.
func (a *Assembler) waitingRun(o *origin, id string) *netTool {
	for _, w := range o.joins.WaitingFor(join.Container(id)) {
		if n, ok := w.(*netTool); ok && n.name == start.OpCNI {
			return n
		}
	}
	return nil
}

// whyRolledBack returns why the network was undone: the plugin that failed first. Others
// fail because of it, such as the plugin that has executed it. What else plugins execute,
// such as iptables to look for a rule, may fail without harm.
func (s *netSetup) whyRolledBack() string {
	var failed *netTool
	for _, n := range s.tools {
		if n.name == start.OpCNI && n.end != 0 && n.attributes[start.AttrExitCode] != "0" && (failed == nil || n.end < failed.end) {
			failed = n
		}
	}
	if failed == nil {
		return "the engine undid the network, and no CNI plugin that ran had failed: is one of the list missing?"
	}
	return fmt.Sprintf("CNI plugin %s failed with exit code %s",
		cmp.Or(failed.attributes[start.AttrPlugin], "?"), cmp.Or(failed.attributes[start.AttrExitCode], "?"))
}
