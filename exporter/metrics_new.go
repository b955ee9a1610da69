package exporter

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Native buckets are at most 10 % wide; a histogram has at most 160 of them
// and starts afresh, at most once an hour, when it would need more.
const (
	nativeFactor   = 1.1
	nativeBuckets  = 160
	nativeMinReset = time.Hour
)

// Describe sends the description of every metric.
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(descs)
	}
}

// Collect sends every metric that has been told something.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(metrics)
	}
}

func histogramOpts(o MetricsOptions, buckets []float64, name, help string) prometheus.HistogramOpts {
	opts := prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	if o.NativeHistograms {
		opts.NativeHistogramBucketFactor = nativeFactor
		opts.NativeHistogramMaxBucketNumber = nativeBuckets
		opts.NativeHistogramMinResetDuration = nativeMinReset
	}
	return opts
}

func (m *Metrics) histograms(o MetricsOptions, buckets []float64, name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(histogramOpts(o, buckets, name, help), labels)
	m.all = append(m.all, v)
	return v
}

func (m *Metrics) histogram(o MetricsOptions, buckets []float64, name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(histogramOpts(o, buckets, name, help))
	m.all = append(m.all, h)
	return h
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.all = append(m.all, v)
	return v
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.all = append(m.all, c)
	return c
}
