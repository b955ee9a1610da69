package trace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/safe"
)

// A start becomes one trace:
//
//	container start
//	├── prepare                 a span for each phase, named as in the metrics'
//	│   ├── rootfs mount        label; they follow each other without a gap
//	│   └── veth
//	├── shim
//	│   └── shim launch         an operation is below the phase that it lies in,
//	├── create
//	├── rootfs                  · mount, · mount, ...: mounts are span events
//	├── hooks
//	│   └── hook libnetwork-setkey
//	├── runc create             else below the root
//	├── start
//	│   └── runc start
//
// A phase and the program that begins it have different names (create is a
// phase, "runc create" the program, which runs on through the phases after it).
// A child never extends beyond its parent: an operation that outlives the start
// is cut off at the start's end, and container_start.operation.duration is its
// full time. The SDK keeps the last 128 events of a span
// (OTEL_SPAN_EVENT_COUNT_LIMIT) and counts the others; container_start.mounts of
// the root is the number of all.
const rootName = "container start"

// span is one node of the tree. Times are relative to the start's begin.
type span struct {
	name       string
	parent     int // index in the tree; the root's is -1
	begin, end time.Duration
	attributes []attribute.KeyValue
	events     []spanEvent
	// errorType, of low cardinality, makes the span an error; message says why.
	errorType string
	message   string
}

type spanEvent struct {
	name       string
	at         time.Duration
	attributes []attribute.KeyValue
}

// spanTree returns the trace of a start: the root first, parents before children.
func spanTree(s *start.Start) []span {
	root := span{name: rootName, parent: -1, end: max(s.Duration, 0), attributes: rootAttributes(s)}
	if s.Outcome == start.Failed {
		root.errorType, root.message = errorType(s), safe.Text(s.Error, longText)
	}
	tree := append(make([]span, 0, spanCount(s)), root)
	for _, p := range s.Phases {
		tree = append(tree, phaseSpan(s, p))
	}
	phases := tree[1:]
	for _, o := range s.Operations {
		if o.Name == start.OpMount {
			addMount(tree, phases, o)
			continue
		}
		tree = append(tree, operationSpan(s, phases, o))
	}
	return tree
}

// readyTree returns the single span after a start, up to the first listen.
func readyTree(s *start.Start) []span {
	return []span{{
		name: "ready", parent: -1, begin: s.Duration, end: s.Duration + s.Ready,
		attributes: appendKnown(nil, semconv.ContainerID(safe.Text(s.ContainerID, shortText)), semconv.ContainerName(safe.Text(s.Name, shortText))),
	}}
}

// spanCount returns the length of a start's spanTree.
func spanCount(s *start.Start) int {
	n := 1 + len(s.Phases) + len(s.Operations)
	for _, o := range s.Operations {
		if o.Name == start.OpMount {
			n--
		}
	}
	return n
}

func phaseSpan(s *start.Start, p start.Phase) span {
	name := safe.Label(string(p.Name))
	begin, end := within(s, p.Begin, p.Duration)
	phase := span{name: name, begin: begin, end: end, attributes: []attribute.KeyValue{
		keyPhase.String(name),
	}}
	if s.Outcome == start.Failed && p.Name == s.FailedPhase {
		phase.errorType, phase.message = errorType(s), safe.Text(s.Error, longText)
	}
	return phase
}

// within returns the part of an interval that lies in the start. An end that
// overflows is cut off as well.
func within(s *start.Start, begin, duration time.Duration) (from, to time.Duration) {
	all := max(s.Duration, 0)
	from = min(max(begin, 0), all)
	if to = begin + max(duration, 0); to < begin {
		to = all
	}
	return from, min(max(to, from), all)
}

// parentOf returns the index in the tree of the phase that wholly contains an
// interval, or the root's. If two do, at a boundary, the preferred one wins.
func parentOf(phases []span, begin, end time.Duration, preferred string) int {
	found := 0
	for i, p := range phases {
		if begin < p.begin || end > p.end {
			continue
		}
		if p.name == preferred {
			return i + 1
		}
		if found == 0 {
			found = i + 1
		}
	}
	return found
}

// errorType returns the error.type of a failed start.
func errorType(s *start.Start) string {
	if s.ErrorType == "" {
		return "_OTHER"
	}
	return safe.Label(string(s.ErrorType))
}
