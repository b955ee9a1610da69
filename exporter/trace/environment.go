package trace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Default and maximum size of the queue of spans (OTEL_BSP_MAX_QUEUE_SIZE). A
// start has about 20 spans: the default holds some 800 starts, the
// specification's default of 2048 would hold a hundred.
const (
	defaultQueue = 16 * 1024
	largestQueue = 1024 * 1024
)

// spanExporterFromEnv returns the exporter that OTEL_* asks for. It is nil if
// OTEL_SDK_DISABLED is true, if OTEL_TRACES_EXPORTER is none, or if neither
// OTEL_TRACES_EXPORTER nor an OTLP endpoint is set. A variable with an empty
// value counts as not set.
func spanExporterFromEnv(ctx context.Context) (sdktrace.SpanExporter, error) {
	// The SDK for Go leaves OTEL_SDK_DISABLED to its caller.
	if strings.EqualFold(strings.TrimSpace(os.Getenv("OTEL_SDK_DISABLED")), "true") {
		return nil, nil
	}
	var options []autoexport.SpanOption
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		options = append(options, autoexport.WithFallbackSpanExporter(noSpanExporter))
	} // else autoexport falls back to otlp: an endpoint is set, so it gets the traces
	exporter, err := autoexport.NewSpanExporter(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("create span exporter from OTEL_TRACES_EXPORTER and OTEL_EXPORTER_OTLP_*: %w", err)
	}
	if exporter == nil || autoexport.IsNoneSpanExporter(exporter) {
		return nil, nil
	}
	return exporter, nil
}

func noSpanExporter(context.Context) (sdktrace.SpanExporter, error) { return nil, nil }

// serviceResource describes this process. OTEL_RESOURCE_ATTRIBUTES and
// OTEL_SERVICE_NAME take precedence. The error says which part could not be
// detected; the resource is valid in any case.
func serviceResource(ctx context.Context, version string) (*resource.Resource, error) {
	r, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("container_start_exporter"), semconv.ServiceVersion(version)),
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithFromEnv(),
	)
	if err != nil {
		err = fmt.Errorf("describe service from OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if r == nil {
		err = errors.Join(err, errors.New("detect resource: nothing found"))
		r = resource.Empty()
	}
	return r, err
}

// queueSize returns how many spans may wait, from OTEL_BSP_MAX_QUEUE_SIZE.
func queueSize() int {
	return min(positiveEnv("OTEL_BSP_MAX_QUEUE_SIZE", defaultQueue), largestQueue)
}

// batchSize returns how many spans are sent at once, from
// OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
func batchSize() int {
	return min(positiveEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", sdktrace.DefaultMaxExportBatchSize), queueSize())
}

// positiveEnv returns the number in a variable, or fallback unless it is
// positive. The SDK would panic on a queue of negative size.
func positiveEnv(name string, fallback int) int {
	if n, err := strconv.Atoi(strings.TrimSpace(os.Getenv(name))); err == nil && n > 0 {
		return n
	}
	return fallback
}
