package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// startBuckets are dense at usual durations: 5 ms by crun, 200 to 500 by Docker.
var startBuckets = []float64{
	.001, .002, .003, .005, .007, .01, .015, .02, .03, .05, .07,
	.1, .15, .2, .3, .4, .5, .7, 1, 1.5, 2, 3, 5, 10, 20, 30, 60,
}

// partBuckets are for the parts of a start: fewer, as there are many series.
var partBuckets = []float64{
	.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60,
}

// runc makes about thirty to sixty mounts; image layers can make thousands.
var mountBuckets = []float64{1, 2, 5, 10, 20, 30, 40, 50, 70, 100, 150, 200, 500, 1000, 2000, 5000}

// A bare crun start executes three programs, one with CNI plugins fifty.
var execBuckets = []float64{1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500}

// Native buckets are at most 10 % wide. A histogram has at most 160 of them; if
// it needs more, it is reset, at most once an hour.
const (
	nativeFactor   = 1.1
	nativeBuckets  = 160
	nativeMinReset = time.Hour
)

// histogramOpts always sets classic buckets, which every Prometheus reads.
func histogramOpts(o Options, buckets []float64, name, help string) prometheus.HistogramOpts {
	opts := prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	if o.NativeHistograms {
		opts.NativeHistogramBucketFactor = nativeFactor
		opts.NativeHistogramMaxBucketNumber = nativeBuckets
		opts.NativeHistogramMinResetDuration = nativeMinReset
	}
	return opts
}

func (m *Metrics) histograms(o Options, buckets []float64, name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(histogramOpts(o, buckets, name, help), labels)
	m.all = append(m.all, v)
	return v
}

func (m *Metrics) histogram(o Options, buckets []float64, name, help string) prometheus.Histogram {
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
