package kubelet

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

//go:embed workload.yaml
var workloadManifest string

// workloadPods is how many pods the workload has.
const workloadPods = 8

// settled reports whether a pod of the workload starts nothing any more.
func settled(p pod) bool {
	if strings.HasPrefix(p.Metadata.Name, "flaky-") && !restarted(2)(p) {
		return false
	}
	return running(p) || succeeded(p)
}

// waitForWorkload waits until all pods of the workload have settled, and returns them as the
// API has them.
func (n *node) waitForWorkload(t *testing.T) (pods []pod) {
	t.Helper()
	host.WaitFor(t, 2*time.Minute, "the workload's pods", func() bool {
		time.Sleep(500 * time.Millisecond)
		pods = n.clusterPods(t, "metadata.namespace!="+exporterNamespace)
		for _, p := range pods {
			if !settled(p) {
				return false
			}
		}
		return len(pods) == workloadPods
	}, func() string {
		text, _ := json.MarshalIndent(pods, "", " ")
		return string(text)
	})
	return pods
}

// checkPage checks that the exporter's page has each container of the pods, by the pod's name.
func checkPage(t *testing.T, page string, pods []pod) {
	t.Helper()
	for _, p := range pods {
		for _, c := range p.containers() {
			title := "<b>" + p.Metadata.Namespace + "/" + p.Metadata.Name + ": " + c.Name + "</b>"
			if id := strings.TrimPrefix(c.ContainerID, "containerd://"); !strings.Contains(page, title) || !strings.Contains(page, id[:12]) {
				t.Errorf("the page does not have %s, %s", title, id)
			}
		}
	}
}
