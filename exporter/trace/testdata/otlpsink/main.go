// otlpsink receives traces by OTLP with the OpenTelemetry Collector's own
// receiver, and writes each span as one line of JSON. It is a module of its own,
// so that the Collector does not become a dependency of the exporter.
//
//	otlpsink -grpc 127.0.0.1:4317 -http 127.0.0.1:4318 > spans.jsonl
//
// It writes "ready" to standard error once it listens, and ends on SIGINT or
// SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func main() {
	grpc := flag.String("grpc", "", "address to receive OTLP over gRPC on; empty: none")
	http := flag.String("http", "", "address to receive OTLP over HTTP on; empty: none")
	flag.Parse()
	if err := run(*grpc, *http); err != nil {
		fmt.Fprintln(os.Stderr, "otlpsink:", err)
		os.Exit(1)
	}
}

func run(grpc, http string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := protocols(grpc, http).Unmarshal(config); err != nil {
		return fmt.Errorf("configure receiver: %w", err)
	}
	out := &lines{file: os.Stdout}
	next, err := consumer.NewTraces(out.write)
	if err != nil {
		return fmt.Errorf("create consumer: %w", err)
	}
	receiver, err := factory.CreateTraces(ctx, receivertest.NewNopSettings(factory.Type()), config, next)
	if err != nil {
		return fmt.Errorf("create receiver: %w", err)
	}
	if err := receiver.Start(ctx, componenttest.NewNopHost()); err != nil {
		return fmt.Errorf("start receiver: %w", err)
	}
	fmt.Fprintln(os.Stderr, "ready")
	<-ctx.Done()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return receiver.Shutdown(ctx)
}

// protocols returns the receiver's configuration, as in a Collector's YAML.
func protocols(grpc, http string) *confmap.Conf {
	listen := map[string]any{}
	if grpc != "" {
		listen["grpc"] = map[string]any{"endpoint": grpc}
	}
	if http != "" {
		listen["http"] = map[string]any{"endpoint": http}
	}
	return confmap.NewFromStringMap(map[string]any{"protocols": listen})
}
