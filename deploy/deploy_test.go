// Package deploy holds the files that deploy the exporter, and their tests, which
// read the files strictly and check what keeps the exporter unprivileged.
package deploy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v2"

	"container_start_exporter/test/host"
)

// inContainer are the capabilities that root has in a container. A process
// that is not root needs CAP_DAC_READ_SEARCH as well: root owns tracefs.
var inContainer = []string{"BPF", "PERFMON", "SYS_PTRACE"}

// tracefs is the only directory of the host that is mounted for the exporter.
const tracefs = "/sys/kernel/tracing"

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// documents decodes each document of a YAML file into the value that target
// returns for its kind. A kind for which it returns nil, or a field that the
// value does not have, fails the test.
func documents(t *testing.T, content []byte, target func(kind string) any) {
	t.Helper()
	loose := yaml.NewDecoder(bytes.NewReader(content))
	strict := yaml.NewDecoder(bytes.NewReader(content))
	strict.SetStrict(true)
	for {
		var head struct{ Kind string }
		err := loose.Decode(&head)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		into := target(head.Kind)
		if into == nil {
			t.Fatalf("unexpected object of kind %q", head.Kind)
		}
		if err := strict.Decode(into); err != nil {
			t.Fatalf("%s: %v", head.Kind, err)
		}
	}
}

// equalSets checks that got has the elements of want, in any order.
func equalSets(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
