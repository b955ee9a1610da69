package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// metricRow matches a row of the README's table of metrics. The first column is
// `name{label,label}`, the second one the type.
var metricRow = regexp.MustCompile("(?m)^\\| *`(container_start[a-z_]*)(?:\\{([a-z_,]+)\\})?` *\\| *([a-z]+) *\\|")

// TestREADMEListsEveryMetric compares the README's table with the exported
// metrics: names, labels and types, in both directions.
func TestREADMEListsEveryMetric(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(readme), -1) {
		listed[row[1]] = signature(row[3], strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' }))
	}
	families := gather(t, sampleRegistry(t, Options{}))
	exported := map[string]string{}
	for _, f := range families {
		exported[f.GetName()] = signature(strings.ToLower(f.GetType().String()), labelNames(f))
	}
	for _, name := range slices.Sorted(maps.Keys(exported)) {
		if listed[name] != exported[name] {
			t.Errorf("%s is %s, but %q in the README", name, exported[name], listed[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if exported[name] == "" {
			t.Errorf("%s is in the README, but not exported", name)
		}
	}
	if t.Failed() {
		t.Logf("the table would be:\n%s", metricsTable(families))
	}
}

func signature(kind string, labels []string) string {
	return fmt.Sprintf("%s of %q", kind, slices.Sorted(slices.Values(labels)))
}

func labelNames(f *dto.MetricFamily) []string {
	var names []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	return names
}

// metricsTable returns the README's table, with the exporter's own metrics last.
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
