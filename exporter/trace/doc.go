// Package trace sends container starts by OpenTelemetry, one trace per start, as
// OTEL_* variables ask for. Starts go in as a collector.StartObserver, spans go out to
// the endpoint. A start never waits for the endpoint: if it does not fit in the
// queue, it is dropped as a whole and counted. No other package of the exporter
// imports OpenTelemetry.
package trace
