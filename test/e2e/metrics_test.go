package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/test/host/scrape"
)

// metrics is one scrape.
type metrics struct{ scrape.Metrics }

func (s *server) scrape(t *testing.T) metrics {
	t.Helper()
	m, err := scrape.Parse(strings.NewReader(get(t, s.URL+"/metrics")))
	if err != nil {
		t.Fatalf("parse /metrics: %v", err)
	}
	return metrics{m}
}

// lost returns the sum of all metrics of lost events. It fails the test if there is
// no such metric.
func (m metrics) lost(t *testing.T) float64 {
	t.Helper()
	var sum float64
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.Metrics)) {
		if strings.HasPrefix(name, "container_start_exporter_") && strings.Contains(name, "lost") {
			names = append(names, name)
			sum += m.Sum(name, nil)
		}
	}
	if len(names) == 0 {
		t.Error("no metric counts lost events")
	}
	return sum
}

// increase returns by how much a metric has grown between two scrapes.
func increase(before, after metrics, name string, selector scrape.Labels) float64 {
	return after.Sum(name, selector) - before.Sum(name, selector)
}
