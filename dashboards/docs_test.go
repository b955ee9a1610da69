package dashboards

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documentedQueries returns the queries in ../docs/metrics.md.
func documentedQueries(t *testing.T) (queries []string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(readFile(t, "../docs/metrics.md")), -1) {
		queries = append(queries, block[1])
	}
	if len(queries) == 0 {
		t.Fatal("docs/metrics.md has no queries")
	}
	return queries
}

// TestDocumentedQueries checks that the queries in docs/metrics.md use only what is
// exported, and that Prometheus can parse them.
func TestDocumentedQueries(t *testing.T) {
	series := readExported(t)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: docs\n  rules:\n")
	for i, query := range documentedQueries(t) {
		series.check(t, query)
		fmt.Fprintf(&rules, "  - record: query_%d\n    expr: %q\n", i, query)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (package prometheus)")
	}
	file := filepath.Join(t.TempDir(), "docs.yaml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s\n%s", err, out, rules.String())
	}
}
