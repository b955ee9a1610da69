package metrics

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"container_start_exporter/collector"
)

// TestEveryFactHasAMetric records a fact of each type: some metric changes.
func TestEveryFactHasAMetric(t *testing.T) {
	for _, fact := range collector.AllFacts {
		m := New(Options{})
		r := prometheus.NewPedanticRegistry()
		r.MustRegister(m)
		before := values(t, r)
		m.NodeFact(fact)
		if reflect.DeepEqual(before, values(t, r)) {
			t.Errorf("%T changes no metric", fact)
		}
	}
}

// values returns the value of each series, of a histogram its count.
func values(t *testing.T, r prometheus.Gatherer) map[string]float64 {
	all := map[string]float64{}
	for _, f := range gather(t, r) {
		for _, m := range f.GetMetric() {
			all[f.GetName()+fmt.Sprint(m.GetLabel())] = m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}
