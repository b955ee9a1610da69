package kubelet

import (
	"os"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
	"container_start_exporter/test/host/scrape"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

// TestKubelet starts pods of all kinds one after the other and twenty at once: each sandbox
// and container that kubelet has started is one start, which is named as kubelet names it.
func TestKubelet(t *testing.T) {
	n := startNode(t)
	e := n.startExporters(t)
	n.run(t, workloads...)
	n.runWithUserNamespace(t)
	n.run(t, job(20)...)
	n.waitForProbes(t, 10)
	pods := n.pods(t)
	n.stop(t)

	counted := n.operations(t)
	metrics := n.waitForCounts(t, exporterURL+"/metrics", counted)
	starts := e.stop(t)
	counted.check(t, starts, metrics)
	checkCalls(t, calls(t, n.containerd.Stderr.String()), starts)
	checkNothingLost(t, metrics)
	byPod := map[string][]report.Start{}
	for _, s := range starts {
		byPod[s.Pod.UID] = append(byPod[s.Pod.UID], s)
	}
	for name, p := range pods {
		t.Run(name, func(t *testing.T) { n.checkPod(t, p, byPod[p.Metadata.UID]) })
		delete(byPod, p.Metadata.UID)
	}
	for uid, starts := range byPod {
		t.Errorf("kubelet knows no pod %q, which has %d starts", uid, len(starts))
	}
}

// runWithUserNamespace runs a pod with a user namespace if this kernel can have one.
func (n *node) runWithUserNamespace(t *testing.T) {
	t.Helper()
	if err := idMapped(n.work); err != nil {
		t.Logf("no pod with a user namespace is started: this kernel cannot map the ids of a mount: %v", err)
		return
	}
	n.run(t, withUserNamespace)
}

// waitForProbes waits until kubelet has executed a number of exec probes and hooks.
func (n *node) waitForProbes(t *testing.T, times float64) {
	t.Helper()
	host.WaitFor(t, time.Minute, "exec probes", func() bool {
		time.Sleep(200 * time.Millisecond)
		return n.operations(t).execs >= times
	}, nil)
}

// operations are kubelet's counts of what it has asked containerd for.
type operations struct {
	sandboxes, containers, failed float64 // started; the failed ones are among them
	execs                         float64
}

func (n *node) operations(t *testing.T) operations {
	t.Helper()
	m := n.scrape(t, kubeletURL+"/metrics")
	of := func(name, operation string) float64 {
		return m.Sum("kubelet_runtime_operations_"+name, scrape.Labels{"operation_type": operation})
	}
	return operations{
		sandboxes:  of("total", "run_podsandbox"),
		containers: of("total", "start_container"),
		failed:     of("errors_total", "run_podsandbox") + of("errors_total", "start_container"),
		execs:      of("total", "exec_sync"),
	}
}

// minus returns what was counted after before was.
func (o operations) minus(before operations) operations {
	return operations{o.sandboxes - before.sandboxes, o.containers - before.containers, o.failed - before.failed, o.execs - before.execs}
}

// check compares kubelet's counts with the exporter's starts and metrics.
func (o operations) check(t *testing.T, starts []report.Start, m scrape.Metrics) {
	t.Helper()
	t.Logf("kubelet counts %+v", o)
	var seen operations
	for _, s := range starts {
		switch s.Kind {
		case "sandbox":
			seen.sandboxes++
		case "container":
			seen.containers++
		}
		if s.Outcome == "failed" {
			seen.failed++
		}
	}
	counted := countedBy(t, m)
	seen.execs = counted.execs // no start has them
	if seen != o || counted != o {
		t.Errorf("the exporter reports %+v, its metrics have %+v, kubelet counts %+v", seen, counted, o)
	}
	for what, n := range map[string]float64{"sandboxes": o.sandboxes, "containers": o.containers, "failures": o.failed, "execs": o.execs} {
		if n == 0 {
			t.Errorf("kubelet counts no %s: the test lacks what it is for", what)
		}
	}
}

// countedBy returns how many starts and execs an exporter's metrics have. Only if the network
// of a sandbox fails, no runtime is executed.
func countedBy(t *testing.T, m scrape.Metrics) operations {
	t.Helper()
	starts := func(labels scrape.Labels) float64 { return m.Sum("container_starts_total", labels) }
	failures := func(labels scrape.Labels) float64 { return m.Sum("container_start_failures_total", labels) }
	o := operations{
		sandboxes:  starts(scrape.Labels{"engine": "cri", "kind": "sandbox"}),
		containers: starts(scrape.Labels{"engine": "cri", "kind": "container"}),
		failed:     failures(scrape.Labels{"engine": "cri"}),
		execs:      m.Sum("container_start_runtime_command_duration_seconds", scrape.Labels{"command": "exec"}),
	}
	all, byRunc := starts(scrape.Labels{"engine": "cri"}), starts(scrape.Labels{"engine": "cri", "runtime": "runc"})
	if withoutNetwork := failures(scrape.Labels{"engine": "cri", "phase": "prepare"}); all != o.sandboxes+o.containers || all != byRunc+withoutNetwork {
		t.Errorf("the metrics have %v starts, of which runc has %v, and %v have no network", all, byRunc, withoutNetwork)
	}
	return o
}

// checkNothingLost checks that no event, no bundle and no start went missing.
func checkNothingLost(t *testing.T, m scrape.Metrics) {
	t.Helper()
	const own = "container_start_exporter_"
	for _, name := range []string{
		"container_starts_in_progress", "container_starts_incomplete_total", own + "nested_starts_in_progress",
		own + "events_lost_total", own + "bundles_unread_total", own + "evictions_total", own + "events_truncated_total",
	} {
		if n := m.Sum(name, nil); n != 0 || m[name] == nil {
			t.Errorf("%s is %v: %v", name, n, m[name])
		}
	}
}
