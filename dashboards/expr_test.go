package dashboards

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// targetLabels are the labels that Prometheus adds to all series of a target.
var targetLabels = []string{"job", "instance"}

// exported has the labels of each series that the exporter exports.
type exported map[string][]string

// readExported reads the series from the exporter's golden exposition, and adds
// `up`, which Prometheus itself records.
func readExported(t *testing.T) exported {
	t.Helper()
	file, err := os.Open("../exporter/metrics/testdata/metrics.golden")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(file)
	if err != nil {
		t.Fatal(err)
	}
	series := exported{"up": targetLabels}
	for name, family := range families {
		labels := slices.Clone(targetLabels)
		for _, m := range family.GetMetric() {
			for _, pair := range m.GetLabel() {
				labels = append(labels, pair.GetName())
			}
		}
		if family.GetType() != dto.MetricType_HISTOGRAM {
			series[name] = labels
			continue
		}
		series[name+"_sum"], series[name+"_count"] = labels, labels
		series[name+"_bucket"] = append(slices.Clone(labels), "le")
	}
	return series
}

var (
	// A series in an expression, with its matchers if it has any.
	selector = regexp.MustCompile(`\b(container_start[a-z_]*|up)\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	// The labels to group by; the first series that follows must have them.
	grouping = regexp.MustCompile(`\b(?:by|on) ?\(([^)]*)\)`)
	variable = regexp.MustCompile(`\{\{ *\$?(?:labels\.)?([a-z_]+) *\}\}`)
)

// check fails the test if an expression uses what is not exported: a series, a
// label in a matcher, or a label to group by.
func (e exported) check(t *testing.T, expr string) {
	t.Helper()
	found := selector.FindAllStringSubmatch(expr, -1)
	if len(found) == 0 {
		t.Errorf("no series in %s", expr)
	}
	for _, s := range found {
		labels, ok := e[s[1]]
		if !ok {
			t.Errorf("%s is not exported: %s", s[1], expr)
		}
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(labels, m[1]) {
				t.Errorf("%s has no label %s: %s", s[1], m[1], expr)
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatchIndex(expr, -1) {
		s := selector.FindStringSubmatch(expr[g[1]:])
		if s == nil {
			t.Errorf("no series is grouped at %q", expr[g[0]:])
			continue
		}
		for _, label := range words(expr[g[2]:g[3]]) {
			if !slices.Contains(e[s[1]], label) {
				t.Errorf("%s has no label %s: %s", s[1], label, expr)
			}
		}
	}
}

// labels returns the labels that the result of an expression has: those that it
// is grouped by, or else those of its first series.
func (e exported) labels(expr string) []string {
	if g := regexp.MustCompile(`\bby ?\(([^)]*)\)`).FindStringSubmatch(expr); g != nil {
		return words(g[1])
	}
	if s := selector.FindStringSubmatch(expr); s != nil {
		return e[s[1]]
	}
	return nil
}

// explained checks that a text uses only labels that the result of expr has.
func (e exported) explained(t *testing.T, text, expr string) {
	t.Helper()
	for _, v := range variable.FindAllStringSubmatch(text, -1) {
		if v[1] != "value" && !slices.Contains(e.labels(expr), v[1]) {
			t.Errorf("%q uses the label %s, which the result of %s does not have", text, v[1], expr)
		}
	}
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
