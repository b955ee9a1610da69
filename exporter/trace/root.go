package trace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/safe"
)

// The most runes of a text attribute: of names, and of paths and messages.
const (
	shortText = 256
	longText  = 1024
)

// addressesMax bounds the addresses of a start, which usually has a handful.
const addressesMax = 16

// rootAttributes describe a start. They have the names of OpenTelemetry's
// semantic conventions, or container_start.* if these define none.
func rootAttributes(s *start.Start) []attribute.KeyValue {
	attributes := appendKnown(nil,
		semconv.ContainerID(safe.Text(s.ContainerID, shortText)),
		semconv.ContainerName(safe.Text(s.Name, shortText)),
		semconv.ContainerImageName(safe.Text(s.Image, longText)),
		semconv.ContainerRuntimeName(runtimeName(s)),
		semconv.ProcessPID(s.PID),
		keyFailedPhase.String(safe.Text(string(s.FailedPhase), safe.MaxLabel)),
		keyError.String(safe.Text(s.Error, longText)),
		keyReady.Float64(seconds(s.Ready)),
	)
	attributes = append(attributes,
		keyEngine.String(safe.Label(s.Engine)),
		keyRuntime.String(safe.Label(s.Runtime)),
		keyKind.String(safe.Label(s.Kind)),
		keyOutcome.String(safe.Label(string(s.Outcome))),
	)
	attributes = append(attributes, countAttributes(s)...)
	if len(s.Degraded) > 0 {
		attributes = append(attributes, keyDegraded.StringSlice(s.Degraded))
	}
	attributes = append(attributes, podAttributes(s)...)
	attributes = append(attributes, resultAttributes(s)...)
	attributes = append(attributes, namespaceAttributes(s.Namespaces)...)
	return append(attributes, addressAttributes(s.Veths)...)
}

// countAttributes are how many of each belong to a start, as far as that is known.
func countAttributes(s *start.Start) []attribute.KeyValue {
	var attributes []attribute.KeyValue
	for _, c := range []struct {
		key attribute.Key
		n   int
		of  start.OperationName // "" if they are always seen
	}{
		{keyMounts, s.Counts.Mounts, start.OpMount},
		{keyEngineMounts, s.Counts.EngineMounts, start.OpRootfsMount},
		{keyExecs, s.Counts.Execs, ""},
		{keyNamespaces, s.Counts.Namespaces, ""},
		{keyVeths, s.Counts.Veths, start.OpVeth},
	} {
		if s.Counted(c.n, c.of) {
			attributes = append(attributes, c.key.Int(c.n))
		}
	}
	return attributes
}

// podAttributes identify the pod of a container or a sandbox.
func podAttributes(s *start.Start) []attribute.KeyValue {
	if s.Pod == nil {
		return nil
	}
	attributes := appendKnown(nil,
		semconv.K8SPodName(safe.Text(s.Pod.Name, shortText)),
		semconv.K8SPodUID(safe.Text(s.Pod.UID, shortText)),
		semconv.K8SNamespaceName(safe.Text(s.Pod.Namespace, shortText)),
	)
	if s.Kind == start.Container {
		attributes = appendKnown(attributes, semconv.K8SContainerName(safe.Text(s.Name, shortText)))
	}
	return attributes
}

// resultAttributes describe what a start created: its cgroup and its rootfs.
func resultAttributes(s *start.Start) []attribute.KeyValue {
	var attributes []attribute.KeyValue
	if s.Cgroup != nil {
		attributes = appendKnown(attributes, keyCgroupPath.String(safe.Text(s.Cgroup.Path, longText)))
	}
	if s.Rootfs != nil {
		attributes = appendKnown(attributes,
			keyRootfsPath.String(safe.Text(s.Rootfs.Path, longText)),
			keyRootfsType.String(safe.Text(s.Rootfs.Type, safe.MaxLabel)),
			keyRootfsLayers.Int(s.Rootfs.Layers))
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
func runtimeName(s *start.Start) string {
	switch s.Engine {
	case "cri":
		return "containerd"
	case "none", "":
		return safe.Label(s.Runtime)
	}
	return safe.Label(s.Engine)
}

func namespaceAttributes(n event.Namespaces) []attribute.KeyValue {
	inode := func(kind string, number uint32) attribute.KeyValue {
		return attribute.Int64(prefixNamespace+kind, int64(number))
	}
	return appendKnown(nil,
		inode("mnt", n.Mnt), inode("uts", n.UTS), inode("ipc", n.IPC), inode("pid", n.PID),
		inode("net", n.Net), inode("cgroup", n.Cgroup), inode("user", n.User), inode("time", n.Time),
	)
}

func addressAttributes(veths []start.Veth) []attribute.KeyValue {
	var addresses []string
	for _, v := range veths {
		if v.Address != "" && len(addresses) < addressesMax {
			addresses = append(addresses, safe.Text(v.Address, shortText))
		}
	}
	if addresses == nil {
		return nil
	}
	return []attribute.KeyValue{keyAddresses.StringSlice(addresses)}
}

// seconds returns d in seconds, at least 0.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }
