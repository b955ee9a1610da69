package trace

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"container_start_exporter/collector"
	"container_start_exporter/exporter/safe"
)

// The most runes of a text attribute: of names, and of paths and messages.
const (
	shortText = 256
	longText  = 1024
)

// An operation usually has a handful of attributes, and a start a handful of
// addresses.
const (
	operationAttributesMax = 16
	addressesMax           = 16
)

// rootAttributes describe a start. They have the names of OpenTelemetry's
// semantic conventions, or container_start.* if these define none.
func rootAttributes(s *collector.Start) []attribute.KeyValue {
	attributes := appendKnown(nil,
		semconv.ContainerID(safe.Text(s.ContainerID, shortText)),
		semconv.ContainerName(safe.Text(s.Name, shortText)),
		semconv.ContainerImageName(safe.Text(s.Image, longText)),
		semconv.ContainerRuntimeName(runtimeName(s)),
		semconv.ProcessPID(s.PID),
		attribute.String("container_start.failed_phase", safe.Text(string(s.FailedPhase), safe.MaxLabel)),
		attribute.String("container_start.error", safe.Text(s.Error, longText)),
		attribute.Float64("container_start.ready_seconds", seconds(s.Ready)),
	)
	attributes = append(attributes,
		attribute.String("container_start.engine", safe.Label(s.Engine)),
		attribute.String("container_start.runtime", safe.Label(s.Runtime)),
		attribute.String("container_start.kind", safe.Label(s.Kind)),
		attribute.String("container_start.outcome", safe.Label(string(s.Outcome))),
		attribute.Int("container_start.mounts", s.Counts.Mounts),
		attribute.Int("container_start.engine_mounts", s.Counts.EngineMounts),
		attribute.Int("container_start.execs", s.Counts.Execs),
		attribute.Int("container_start.namespaces", s.Counts.Namespaces),
		attribute.Int("container_start.veths", s.Counts.Veths),
	)
	attributes = append(attributes, podAttributes(s)...)
	attributes = append(attributes, resultAttributes(s)...)
	attributes = append(attributes, namespaceAttributes(s.Namespaces)...)
	return append(attributes, addressAttributes(s.Veths)...)
}

// podAttributes identify the pod of a container or a sandbox.
func podAttributes(s *collector.Start) []attribute.KeyValue {
	if s.Pod == nil {
		return nil
	}
	attributes := appendKnown(nil,
		semconv.K8SPodName(safe.Text(s.Pod.Name, shortText)),
		semconv.K8SPodUID(safe.Text(s.Pod.UID, shortText)),
		semconv.K8SNamespaceName(safe.Text(s.Pod.Namespace, shortText)),
	)
	if s.Kind == collector.KindOfContainer {
		attributes = appendKnown(attributes, semconv.K8SContainerName(safe.Text(s.Name, shortText)))
	}
	return attributes
}

// resultAttributes describe what a start created: its cgroup and its rootfs.
func resultAttributes(s *collector.Start) []attribute.KeyValue {
	var attributes []attribute.KeyValue
	if s.Cgroup != nil {
		attributes = appendKnown(attributes, attribute.String("container_start.cgroup.path", safe.Text(s.Cgroup.Path, longText)))
	}
	if s.Rootfs != nil {
		attributes = appendKnown(attributes,
			attribute.String("container_start.rootfs.path", safe.Text(s.Rootfs.Path, longText)),
			attribute.String("container_start.rootfs.type", safe.Text(s.Rootfs.Type, safe.MaxLabel)),
			attribute.Int("container_start.rootfs.layers", s.Rootfs.Layers))
	}
	return attributes
}

// costAttributes say why an operation that is a process took so long: its CPU
// time, run-queue delay and block-I/O delay, if known. It spent the rest of its
// time waiting for others.
func costAttributes(c *collector.Cost) []attribute.KeyValue {
	if c == nil {
		return nil
	}
	attributes := []attribute.KeyValue{attribute.Float64("container_start.cpu_seconds", seconds(time.Duration(c.CPU)))}
	if c.Queue >= 0 {
		attributes = append(attributes, attribute.Float64("container_start.run_delay_seconds", seconds(time.Duration(c.Queue))))
	}
	if c.IO >= 0 {
		attributes = append(attributes, attribute.Float64("container_start.io_delay_seconds", seconds(time.Duration(c.IO))))
	}
	return attributes
}

// appendKnown appends the candidates that have a value: "" and 0 are unknown.
func appendKnown(attributes []attribute.KeyValue, candidates ...attribute.KeyValue) []attribute.KeyValue {
	for _, a := range candidates {
		switch a.Value.Type() {
		case attribute.STRING:
			if a.Value.AsString() == "" {
				continue
			}
		case attribute.INT64:
			if a.Value.AsInt64() == 0 {
				continue
			}
		case attribute.FLOAT64:
			if a.Value.AsFloat64() == 0 {
				continue
			}
		}
		attributes = append(attributes, a)
	}
	return attributes
}

// runtimeName returns what the conventions call the runtime: "the container
// runtime managing this container", such as docker or containerd. OCI runtimes
// such as runc are that only if there is no engine; container_start.runtime has
// them in any case.
func runtimeName(s *collector.Start) string {
	switch s.Engine {
	case "cri":
		return "containerd"
	case "none", "":
		return safe.Label(s.Runtime)
	}
	return safe.Label(s.Engine)
}

func namespaceAttributes(n collector.Namespaces) []attribute.KeyValue {
	inode := func(kind string, number uint32) attribute.KeyValue {
		return attribute.Int64("container_start.namespace."+kind, int64(number))
	}
	return appendKnown(nil,
		inode("mnt", n.Mnt), inode("uts", n.UTS), inode("ipc", n.IPC), inode("pid", n.PID),
		inode("net", n.Net), inode("cgroup", n.Cgroup), inode("user", n.User), inode("time", n.Time),
	)
}

func addressAttributes(veths []collector.Veth) []attribute.KeyValue {
	var addresses []string
	for _, v := range veths {
		if v.Address != "" && len(addresses) < addressesMax {
			addresses = append(addresses, safe.Text(v.Address, shortText))
		}
	}
	if addresses == nil {
		return nil
	}
	return []attribute.KeyValue{attribute.StringSlice("container_start.addresses", addresses)}
}

// operationAttributes returns the attributes of an operation, in the order of
// their keys: pid and exit_code under the conventions' names, the others as
// container_start.operation.KEY.
func operationAttributes(o collector.Operation) []attribute.KeyValue {
	keys := slices.Sorted(maps.Keys(o.Attributes))
	attributes := make([]attribute.KeyValue, 0, len(keys)+3)
	for _, key := range keys[:min(len(keys), operationAttributesMax)] {
		value := o.Attributes[key]
		number, err := strconv.Atoi(value)
		switch {
		case key == collector.AttrPID && err == nil:
			attributes = append(attributes, semconv.ProcessPID(number))
		case key == collector.AttrExitCode && err == nil:
			attributes = append(attributes, semconv.ProcessExitCode(number))
		default:
			attributes = append(attributes, attribute.String("container_start.operation."+safe.Label(key), safe.Text(value, longText)))
		}
	}
	return attributes
}

// seconds returns d in seconds, at least 0.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }
