package collector

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"container_start_exporter/collector/event"
)

// TestAllKinds compares the constants of event.go, AllKinds, the assembler's
// handlers and the table in doc.go.
func TestAllKinds(t *testing.T) {
	source, err := os.ReadFile("event.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []event.Kind
	for _, match := range regexp.MustCompile(`(?m)^\tKind\w+\s+Kind = "(\w+)"`).FindAllSubmatch(source, -1) {
		declared = append(declared, event.Kind(match[1]))
	}
	if !slices.Equal(declared, event.AllKinds) {
		t.Errorf("AllKinds is %q, but the constants are %q", event.AllKinds, declared)
	}
	for _, kind := range event.AllKinds {
		if _, ok := handlers[kind]; !ok {
			t.Errorf("handlers has no entry for %s", kind)
		}
	}
	if len(handlers) != len(event.AllKinds) {
		t.Errorf("handlers has %d kinds, AllKinds has %d", len(handlers), len(event.AllKinds))
	}
	documentation, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range event.AllKinds {
		if !regexp.MustCompile(`(?m)^//\t([\w, ]+, )?` + string(kind) + `[, ]`).Match(documentation) {
			t.Errorf("doc.go does not describe %s", kind)
		}
	}
}
