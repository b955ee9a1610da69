package trace

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/safe"
)

// operationAttributesMax bounds the attributes of an operation, which usually
// has a handful.
const operationAttributesMax = 16

// exitCodeError is the error.type of an operation whose process failed.
const exitCodeError = "exit_code"

func operationSpan(s *start.Start, phases []span, o start.Operation) span {
	begin, end := within(s, o.Begin, o.Duration)
	operation := span{
		name:       operationName(s, o),
		parent:     parentOf(phases, begin, end, string(o.Phase)),
		begin:      begin,
		end:        end,
		attributes: operationAttributes(o),
	}
	operation.attributes = append(operation.attributes, keyOperationName.String(safe.Label(string(o.Name))))
	operation.attributes = append(operation.attributes, costAttributes(o.Cost)...)
	if end-begin != o.Duration {
		operation.attributes = append(operation.attributes,
			keyOperationCut.Bool(true),
			keyOperationDuration.Float64(seconds(o.Duration)))
	}
	if code, ok := o.Attributes[start.AttrExitCode]; ok && code != "0" {
		operation.errorType = exitCodeError
		operation.message = "exit code " + safe.Text(code, shortText)
	}
	return operation
}

// addMount adds a mount as an event to the span of its phase, or to the root.
func addMount(tree, phases []span, o start.Operation) {
	at := min(max(o.Begin, 0), tree[0].end)
	attributes := operationAttributes(o)
	attributes = append(attributes, keyOperationDuration.Float64(seconds(o.Duration)))
	parent := &tree[parentOf(phases, at, at, string(o.Phase))]
	parent.events = append(parent.events, spanEvent{name: "mount", at: at, attributes: attributes})
}

// operationName returns the name of an operation's span, of low cardinality.
func operationName(s *start.Start, o start.Operation) string {
	switch o.Name {
	case start.OpRuntime: // runc create, crun run
		runtime := o.Attributes[start.AttrRuntime]
		if runtime == "" {
			runtime = s.Runtime
		}
		return safe.Label(runtime) + " " + safe.Label(o.Attributes[start.AttrCommand])
	case start.OpWrapper: // wrapper nvidia-container-runtime
		return "wrapper " + word(o.Attributes[start.AttrProgram])
	case start.OpHook: // hook libnetwork-setkey
		return "hook " + word(o.Attributes[start.AttrHook])
	case start.OpRootfsMount:
		return "rootfs mount"
	case start.OpShim: // not the phase, which lasts until the runtime's exec
		return "shim launch"
	case start.OpCgroup: // not the phase, which begins with it
		return "cgroup setup"
	}
	return safe.Label(string(o.Name))
}

// word makes a name that a container's administrator has chosen fit for a span's
// name: runes other than ASCII letters, digits and . - _ become underscores.
func word(s string) string {
	out := make([]byte, 0, safe.MaxLabel)
	for _, r := range s {
		if len(out) == safe.MaxLabel {
			break
		}
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			out = append(out, byte(r))
			continue
		}
		out = append(out, '_')
	}
	if len(out) == 0 {
		return safe.Other
	}
	return string(out)
}

// operationAttributes returns the attributes of an operation, in the order of
// their keys: pid and exit_code under the conventions' names, the others as
// container_start.operation.NAME.
func operationAttributes(o start.Operation) []attribute.KeyValue {
	keys := slices.Sorted(maps.Keys(o.Attributes))
	attributes := make([]attribute.KeyValue, 0, len(keys)+3)
	for _, key := range keys[:min(len(keys), operationAttributesMax)] {
		value := o.Attributes[key]
		number, err := strconv.Atoi(value)
		switch {
		case key == start.AttrPID && err == nil:
			attributes = append(attributes, semconv.ProcessPID(number))
		case key == start.AttrExitCode && err == nil:
			attributes = append(attributes, semconv.ProcessExitCode(number))
		default:
			attributes = append(attributes, attribute.String(prefixOperation+safe.Label(key), safe.Text(value, longText)))
		}
	}
	return attributes
}

// costAttributes say why an operation that is a process took so long: its CPU
// time, run-queue delay and block-I/O delay, if known. It spent the rest of its
// time waiting for others.
func costAttributes(c *event.Cost) []attribute.KeyValue {
	if c == nil {
		return nil
	}
	attributes := []attribute.KeyValue{keyCPU.Float64(seconds(time.Duration(c.CPU)))}
	if c.RunDelay >= 0 {
		attributes = append(attributes, keyRunDelay.Float64(seconds(time.Duration(c.RunDelay))))
	}
	if c.BlockIO >= 0 {
		attributes = append(attributes, keyIODelay.Float64(seconds(time.Duration(c.BlockIO))))
	}
	return attributes
}
