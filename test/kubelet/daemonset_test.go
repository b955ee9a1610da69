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

// daemonSet returns deploy/kubernetes.yaml as its comments ask for: with an image, and with the
// traces' endpoint.
func daemonSet(t *testing.T, endpoint string) string {
	t.Helper()
	content, err := os.ReadFile("../../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	manifests := string(content)
	for old, replacement := range map[string]string{
		"image: container_start_exporter\n":                           "image: " + exporterImage + "\n",
		"# - name: OTEL_EXPORTER_OTLP_ENDPOINT\n":                     "- name: OTEL_EXPORTER_OTLP_ENDPOINT\n",
		"#   value: http://opentelemetry-collector.monitoring:4318\n": "  value: " + endpoint + "\n",
	} {
		if strings.Count(manifests, old) != 1 {
			t.Fatalf("deploy/kubernetes.yaml does not have %q once", old)
		}
		manifests = strings.Replace(manifests, old, replacement, 1)
	}
	return manifests
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
