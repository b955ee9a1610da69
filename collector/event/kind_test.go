package event

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestAllKinds compares the constants in kind.go, AllKinds and the table in doc.go:
// each must have every kind.
func TestAllKinds(t *testing.T) {
	source, err := os.ReadFile("kind.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []Kind
	for _, match := range regexp.MustCompile(`(?m)^\tKind\w+\s+Kind = "(\w+)"`).FindAllSubmatch(source, -1) {
		declared = append(declared, Kind(match[1]))
	}
	if !slices.Equal(declared, AllKinds) {
		t.Errorf("AllKinds is %q, but the constants are %q", AllKinds, declared)
	}
	documentation, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range AllKinds {
		if !regexp.MustCompile(`(?m)^//\t([\w, ]+, )?` + string(kind) + `[, ]`).Match(documentation) {
			t.Errorf("doc.go does not describe %s", kind)
		}
	}
}
