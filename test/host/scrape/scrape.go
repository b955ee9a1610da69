// Package scrape reads what the exporter answers to a scrape of its metrics.
package scrape

import (
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics is one scrape: each metric's series, by the metric's name.
type Metrics map[string]*dto.MetricFamily

// Labels selects the series that have all of these labels; nil selects all series.
type Labels map[string]string

// Parse reads metrics in Prometheus's text format.
func Parse(text io.Reader) (Metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(text)
}

// Sum returns the sum of a metric's selected series: their values, or the sample
// counts of a histogram. It is 0 if there is no such metric.
func (m Metrics) Sum(name string, selector Labels) float64 {
	var sum float64
	for _, series := range m[name].GetMetric() {
		if selector.match(series) {
			sum += series.GetCounter().GetValue() + series.GetGauge().GetValue() +
				series.GetUntyped().GetValue() + float64(series.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

func (l Labels) match(series *dto.Metric) bool {
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
