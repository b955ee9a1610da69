package e2e

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics is one scrape.
type metrics map[string]*dto.MetricFamily

// labels selects the series that have all of these labels.
type labels map[string]string

func (s *server) scrape(t *testing.T) metrics {
	t.Helper()
	response, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics answers %s", response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatalf("parse /metrics: %v", err)
	}
	return families
}

// value returns the sum of a metric's selected series: their values, or the sample
// counts of a histogram.
func (m metrics) value(name string, selector labels) float64 {
	var sum float64
	for _, series := range m[name].GetMetric() {
		if !selector.match(series) {
			continue
		}
		sum += series.GetCounter().GetValue() + series.GetGauge().GetValue() +
			series.GetUntyped().GetValue() + float64(series.GetHistogram().GetSampleCount())
	}
	return sum
}

// lost returns the sum of all metrics of lost events. It fails the test if there is
// no such metric.
func (m metrics) lost(t *testing.T) float64 {
	t.Helper()
	var sum float64
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if strings.HasPrefix(name, "container_start_exporter_") && strings.Contains(name, "lost") {
			names = append(names, name)
			sum += m.value(name, nil)
		}
	}
	if len(names) == 0 {
		t.Error("no metric counts lost events")
	}
	return sum
}

func (l labels) match(series *dto.Metric) bool {
	has := map[string]string{}
	for _, pair := range series.GetLabel() {
		has[pair.GetName()] = pair.GetValue()
	}
	for name, value := range l {
		if has[name] != value {
			return false
		}
	}
	return true
}

// increase returns by how much a metric has grown between two scrapes.
func increase(before, after metrics, name string, selector labels) float64 {
	return after.value(name, selector) - before.value(name, selector)
}
