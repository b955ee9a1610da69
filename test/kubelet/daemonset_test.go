package kubelet

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

const (
	exporterImage     = "docker.io/library/container_start_exporter:test"
	exporterNamespace = "container-start-exporter"
)

// daemonSet is a variant of deploy/kubernetes.yaml that its comments offer: lines of it, and by
// what they are replaced.
type daemonSet map[string]string

// asDeployed is as it is deployed at least: with an image, and with the traces' endpoint.
func asDeployed(endpoint string) daemonSet {
	return daemonSet{
		"image: container_start_exporter\n":                           "image: " + exporterImage + "\n",
		"# - name: OTEL_EXPORTER_OTLP_ENDPOINT\n":                     "- name: OTEL_EXPORTER_OTLP_ENDPOINT\n",
		"#   value: http://opentelemetry-collector.monitoring:4318\n": "  value: " + endpoint + "\n",
	}
}

// inNodeNetwork names veths, with only the system calls that the exporter makes.
var inNodeNetwork = daemonSet{
	"image: container_start_exporter\n": "image: " + exporterImage + "\n",
	"# hostNetwork: true\n":             "hostNetwork: true\n",
	"type: RuntimeDefault # since containerd 1.7 it allows bpf with CAP_BPF\n": "type: Localhost\n",
	"# localhostProfile: container_start_exporter.json\n":                      "localhostProfile: container_start_exporter.json\n",
}

// deploy applies a variant and waits until its exporter is ready.
func (n *node) deploy(t *testing.T, variant daemonSet) {
	t.Helper()
	content, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifests := string(content)
	for old, replacement := range variant {
		if strings.Count(manifests, old) != 1 {
			t.Fatalf("deploy/kubernetes.yaml does not have %q once", old)
		}
		manifests = strings.Replace(manifests, old, replacement, 1)
	}
	n.apply(t, "exporter.yaml", manifests)
	n.rollOut(t, exporterNamespace, "daemonset/container-start-exporter")
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
