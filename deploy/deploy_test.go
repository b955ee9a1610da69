// Package deploy holds how the exporter is deployed, and the tests of that: the
// files are read strictly, and what keeps the exporter unprivileged is asserted.
package deploy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v2"
)

// inContainer are the capabilities that root has in a container. A process
// that is not root needs CAP_DAC_READ_SEARCH as well: tracefs is root's.
var inContainer = []string{"BPF", "PERFMON", "SYS_PTRACE"}

// tracefs is all of the host's files that the exporter sees.
const tracefs = "/sys/kernel/tracing"

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// documents reads each document of a YAML file into what the function gives for
// its kind; a field that this does not have is an error.
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
			t.Fatalf("no object of kind %q is expected", head.Kind)
		}
		if err := strict.Decode(into); err != nil {
			t.Fatalf("%s: %v", head.Kind, err)
		}
	}
}

// equalSets compares without regard to order.
func equalSets(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
