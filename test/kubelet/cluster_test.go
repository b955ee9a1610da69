package kubelet

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

var cluster = flag.Bool("cluster", false, "run a whole cluster, too: its programs take some minutes to build")

// exporterImage is the name of the exporter's image in the cluster.
const exporterImage = "docker.io/library/container_start_exporter:test"

// resources are the paths in the API by the kind of what is created there.
var resources = map[string]string{
	"Namespace":      "/api/v1/namespaces",
	"ServiceAccount": "/api/v1/namespaces/container-start-exporter/serviceaccounts",
	"DaemonSet":      "/apis/apps/v1/namespaces/container-start-exporter/daemonsets",
	"Deployment":     "/apis/apps/v1/namespaces/default/deployments",
	"Job":            "/apis/batch/v1/namespaces/default/jobs",
}

// The workload: two pods of two containers that keep running, and three that end.
var (
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n" +
		"  template:\n    metadata: {labels: {app: web}}\n    spec:\n      terminationGracePeriodSeconds: 1\n      containers:\n" +
		indented(container("first", sleep)+container("second", sleep))
	batch = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: batch}\nspec:\n  completions: 3\n  parallelism: 3\n" +
		"  template:\n    spec:\n      restartPolicy: Never\n      containers:\n" + indented(container("main", "true"))
)

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

// TestCluster applies deploy/kubernetes.yaml to a cluster of one node: the exporter becomes
// ready, and counts and names the starts of a workload.
func TestCluster(t *testing.T) {
	if !*cluster {
		t.Skip("a cluster takes some minutes to build: make test-kubernetes")
	}
	n := startCluster(t)
	n.importImage(t, writeExporterImage(t))
	manifests, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n.apply(t, strings.Replace(string(manifests), "image: container_start_exporter\n", "image: "+exporterImage+"\n", 1))
	exporter := n.waitForPods(t, "container-start-exporter", 1, running)[0]
	metricsURL := "http://" + exporter.Status.PodIP + ":9786"
	before := n.scrape(t, metricsURL+"/metrics")

	n.apply(t, deployment)
	n.apply(t, batch)
	pods := n.waitForPods(t, "default", 5, func(p pod) bool { return running(p) || succeeded(p) })
	var m scrape.Metrics
	host.WaitFor(t, 30*time.Second, "the workload's starts", func() bool {
		time.Sleep(200 * time.Millisecond)
		m = n.scrape(t, metricsURL+"/metrics")
		return started(m, "sandbox")-started(before, "sandbox") >= 5 && started(m, "container")-started(before, "container") >= 7
	}, func() string { return n.get(metricsURL + "/metrics") })
	if sandboxes, containers := started(m, "sandbox")-started(before, "sandbox"), started(m, "container")-started(before, "container"); sandboxes != 5 || containers != 7 {
		t.Errorf("%v sandboxes and %v containers were started, want 5 and 7", sandboxes, containers)
	}
	checkNothingLost(t, m)
	page := n.get(metricsURL + "/")
	for _, p := range pods {
		if !strings.Contains(page, p.Metadata.Name) {
			t.Errorf("the page does not name the pod %s", p.Metadata.Name)
		}
	}
}

// started returns how many starts of a kind by CRI have succeeded.
func started(m scrape.Metrics, kind string) float64 {
	return m.Sum("container_start_duration_seconds", scrape.Labels{"engine": "cri", "runtime": "runc", "kind": kind})
}

// writeExporterImage writes the image of the exporter as deploy/Dockerfile makes it, but for
// what it has beside the binary, and returns its path.
func writeExporterImage(t *testing.T) string {
	t.Helper()
	binary, err := os.ReadFile(host.StaticExporter(t))
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	if err := archive.WriteHeader(&tar.Header{Name: "container_start_exporter", Mode: 0o755, Size: int64(len(binary))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(host.Dir(), "exporter.tar")
	config := map[string]any{"Entrypoint": []string{"/container_start_exporter"}, "Cmd": []string{"serve"}}
	if err := host.WriteImage(path, exporterImage, layer.Bytes(), config); err != nil {
		t.Fatal(err)
	}
	return path
}

// apply creates what YAML documents describe.
func (n *node) apply(t *testing.T, documents string) {
	t.Helper()
	for document := range strings.SplitSeq(documents, "\n---\n") {
		_, rest, _ := strings.Cut(document, "\nkind: ")
		kind, _, _ := strings.Cut(rest, "\n")
		var answer string
		host.WaitFor(t, 30*time.Second, kind+" to be created", func() bool {
			answer = n.call("POST", resources[kind], document)
			time.Sleep(200 * time.Millisecond)
			return strings.Contains(answer, `"uid":`) || strings.Contains(answer, "AlreadyExists")
		}, func() string { return answer })
	}
}

// waitForPods waits until a namespace has n pods, each of which has reached what it has to,
// and returns them.
func (n *node) waitForPods(t *testing.T, namespace string, number int, reached func(pod) bool) []pod {
	t.Helper()
	var answer string
	var list struct{ Items []pod }
	host.WaitFor(t, 2*time.Minute, fmt.Sprintf("%d pods in %s", number, namespace), func() bool {
		time.Sleep(500 * time.Millisecond)
		answer = n.call("GET", "/api/v1/namespaces/"+namespace+"/pods", "")
		list.Items = nil
		if json.Unmarshal([]byte(answer), &list) != nil || len(list.Items) != number {
			return false
		}
		for _, p := range list.Items {
			if !reached(p) {
				return false
			}
		}
		return true
	}, func() string { return answer })
	return list.Items
}
