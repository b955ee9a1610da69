package kubelet

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

var cluster = flag.Bool("cluster", false, "run a whole cluster, too: its programs take some minutes to build")

// TestCluster applies deploy/kubernetes.yaml to a cluster of one node: the exporter becomes
// ready, counts the starts of a workload as kubelet does, and names them as the API does.
func TestCluster(t *testing.T) {
	if !*cluster {
		t.Skip("a cluster takes some minutes to build: make test-kubernetes")
	}
	n := startCluster(t)
	n.importImage(t, writeExporterImage(t))
	traces, endpoint := n.receiveTraces(t)
	t.Cleanup(func() { n.logExporter(t) })
	n.deploy(t, asDeployed(endpoint))
	url := "http://" + n.exporterPod(t).Status.PodIP + ":9786"
	n.checkProbes(t, n.scrape(t, url+"/metrics"))
	before, known := n.operations(t), calls(t, n.containerd.Stderr.String())

	n.apply(t, "workload.yaml", workloadManifest)
	pods := n.waitForWorkload(t)
	want := n.operations(t).minus(before)
	m := n.waitForCounts(t, url+"/metrics", want)
	if got := countedBy(t, m); got != want {
		t.Errorf("the exporter counts %+v, kubelet %+v", got, want)
	}
	checkNothingLost(t, m)
	checkPage(t, n.get(url+"/"), pods)

	started := calls(t, n.containerd.Stderr.String())
	for id := range known {
		delete(started, id)
	}
	roots := traces.waitForRoots(t, len(started))
	checkIDs(t, roots, started)
	for _, p := range pods {
		t.Run(p.Metadata.Name, func(t *testing.T) { checkRoots(t, p, roots) })
	}
	if c := n.exporterPod(t).Status.ContainerStatuses[0]; !c.Ready || c.RestartCount > 0 {
		t.Errorf("the exporter's container is ready: %t, after %d restarts", c.Ready, c.RestartCount)
	}
	n.checkInNodeNetwork(t)
}

// checkInNodeNetwork deploys the exporter in the node's network and with its own seccomp
// profile: it lacks no probe, and sees the veth of the pod that is started then.
func (n *node) checkInNodeNetwork(t *testing.T) {
	t.Helper()
	profile, err := os.ReadFile("../../deploy/seccomp.json")
	if err != nil {
		t.Fatal(err)
	}
	n.write(t, "kubelet/seccomp/container_start_exporter.json", string(profile))
	n.deploy(t, inNodeNetwork)
	const url = "http://" + nodeAddress + ":9786/metrics"
	n.checkProbes(t, n.scrape(t, url))
	before := n.operations(t)
	host.Must(t, n.kubectl("scale", "deployment/web", "--namespace=shop", "--replicas=3"))
	n.rollOut(t, "shop", "deployment/web")
	want := n.operations(t).minus(before)
	m := n.waitForCounts(t, url, want)
	if got := countedBy(t, m); got != want || want.sandboxes != 1 {
		t.Errorf("in the node's network, the exporter counts %+v, kubelet %+v", got, want)
	}
	if veths := m.Sum("container_start_veths_created_total", scrape.Labels{"origin": "start"}); veths != want.sandboxes {
		t.Errorf("%v veths are created for %v sandboxes", veths, want.sandboxes)
	}
	checkNothingLost(t, m)
}

// exporterPod returns the only pod of the DaemonSet.
func (n *node) exporterPod(t *testing.T) pod {
	t.Helper()
	pods := n.clusterPods(t, "metadata.namespace="+exporterNamespace)
	if len(pods) != 1 || len(pods[0].Status.ContainerStatuses) != 1 {
		t.Fatalf("the DaemonSet has the pods %+v on a cluster of one node", pods)
	}
	return pods[0]
}

// logExporter shows what the exporter has logged if the test has failed.
func (n *node) logExporter(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	files, _ := filepath.Glob(filepath.Join(n.work, "log/pods", exporterNamespace+"_*/*/*.log"))
	for _, file := range files {
		content, _ := os.ReadFile(file)
		t.Logf("the end of %s:\n%s", file, tail(string(content), 4000))
	}
}

// checkProbes checks that the exporter has attached the probes that one with all privileges
// attaches on the node, and by the same mechanisms.
func (n *node) checkProbes(t *testing.T, m scrape.Metrics) {
	t.Helper()
	const address = "127.0.0.1:9787"
	privileged := n.launch(t, "serve", host.Exporter(t), "serve", "--web.listen-address="+address)
	privileged.WaitFor(t, 30*time.Second, "the exporter to be ready", func() bool { return n.get("http://"+address+"/-/ready") != "" })
	want, got := probes(n.scrape(t, "http://"+address+"/metrics")), probes(m)
	if err := privileged.End(os.Interrupt, 20*time.Second); err != nil {
		t.Error(err)
	}
	if len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("the probes are attached by %v, with all privileges by %v", got, want)
	}
}

// probes returns the mechanism of each probe that is attached.
func probes(m scrape.Metrics) map[string]string {
	all := map[string]string{}
	for _, series := range m["container_start_exporter_probe_attached"].GetMetric() {
		labels := map[string]string{}
		for _, l := range series.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if series.GetGauge().GetValue() == 1 {
			all[labels["probe"]] = labels["mechanism"]
		}
	}
	return all
}

// waitForCounts waits until an exporter has counted as many starts as kubelet, and none is in
// progress.
func (n *node) waitForCounts(t *testing.T, url string, want operations) (m scrape.Metrics) {
	t.Helper()
	host.WaitFor(t, 20*time.Second, "all starts", func() bool {
		time.Sleep(100 * time.Millisecond)
		m = n.scrape(t, url)
		return m.Sum("container_starts_total", nil) >= want.sandboxes+want.containers && m.Sum("container_starts_in_progress", nil) == 0
	}, func() string {
		return fmt.Sprintf("%v starts and %v in progress, want %+v", m.Sum("container_starts_total", nil), m.Sum("container_starts_in_progress", nil), want)
	})
	return m
}
