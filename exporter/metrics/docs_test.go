package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// metricRow matches a row of the table in docs/metrics.md. The first column is
// `name{label,label}`, the second one the type, the third one the help text.
var metricRow = regexp.MustCompile("(?m)^\\| *`(container_start[a-z_]*)(?:\\{([a-z_,]+)\\})?` *\\| *([a-z]+) *\\| *(.*?) *\\|$")

// TestDocsListEveryMetric compares the table in docs/metrics.md with the exported
// metrics: names, labels, types and help texts, in both directions.
func TestDocsListEveryMetric(t *testing.T) {
	table, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(table), -1) {
		listed[row[1]] = signature(row[3], strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' }), row[4])
	}
	families := gather(t, sampleRegistry(t, Options{}))
	exported := map[string]string{}
	for _, f := range families {
		exported[f.GetName()] = signature(strings.ToLower(f.GetType().String()), labelNames(f), f.GetHelp())
	}
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		if listed[name] != exported[name] {
			t.Errorf("%s is %s, but %q in docs/metrics.md", name, exported[name], listed[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if exported[name] == "" {
			t.Errorf("%s is in docs/metrics.md, but not exported", name)
		}
	}
	if t.Failed() {
		t.Logf("the table would be:\n%s", metricsTable(families))
	}
}

// fqName matches the name in the text of a prometheus.Desc.
var fqName = regexp.MustCompile(`fqName: "([^"]+)"`)

// TestSampleHasEveryMetric checks that sampleRegistry gives each metric a value: the
// tests of this package see no others.
func TestSampleHasEveryMetric(t *testing.T) {
	described := make(chan *prometheus.Desc, 1000)
	New(Options{}).Describe(described)
	NewSelf(nil, nil, nil).Describe(described)
	close(described)
	families := gather(t, sampleRegistry(t, Options{}))
	for d := range described {
		name := fqName.FindStringSubmatch(d.String())[1]
		if !slices.ContainsFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == name }) {
			t.Errorf("%s has no value in sampleRegistry", name)
		}
	}
}

func signature(kind string, labels []string, help string) string {
	return fmt.Sprintf("%s of %q: %s", kind, slices.Sorted(slices.Values(labels)), help)
}

func labelNames(f *dto.MetricFamily) []string {
	var names []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	return names
}

// metricsTable returns the table of docs/metrics.md, with the exporter's own metrics
// last.
func metricsTable(families []*dto.MetricFamily) string {
	own := func(f *dto.MetricFamily) bool { return strings.HasPrefix(f.GetName(), "container_start_exporter_") }
	var first, last strings.Builder
	for _, f := range families {
		rows := &first
		if own(f) {
			rows = &last
		}
		labels := ""
		if names := labelNames(f); len(names) > 0 {
			slices.SortStableFunc(names, func(a, b string) int { return labelRank(a) - labelRank(b) })
			labels = "{" + strings.Join(names, ",") + "}"
		}
		fmt.Fprintf(rows, "| `%s%s` | %s | %s |\n", f.GetName(), labels, strings.ToLower(f.GetType().String()), f.GetHelp())
	}
	return "| metric | type | what |\n| --- | --- | --- |\n" + first.String() + last.String()
}

// labelRank orders a start's labels first, from the engine to the kind.
func labelRank(name string) int {
	if i := slices.Index([]string{"engine", "runtime", "kind"}, name); i >= 0 {
		return i
	}
	return 3
}
