package trace

import (
	"strings"
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/sample"
)

// everything returns starts whose spans have, together, every attribute.
func everything() []*start.Start {
	s := sample.Docker()
	s.Pod = &start.Pod{Name: "web-0", Namespace: "shop", UID: "u-1"}
	s.Cgroup = &start.Cgroup{Path: "/kubepods/web"}
	s.Rootfs = &start.Rootfs{Path: "/var/lib/rootfs", Type: "overlay", Layers: 7}
	s.Degraded = []string{start.DegradedBundle}
	s.Operations[2].Cost = &event.Cost{CPU: 1, RunDelay: 2, BlockIO: 3}
	return []*start.Start{s, sample.Failed()}
}

// TestAttributesAreAll compares Attributes with those that spans have, in both
// directions.
func TestAttributesAreAll(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Attributes() {
		if _, twice := seen[a.Key]; twice {
			t.Errorf("%s is listed twice", a.Key)
		}
		seen[a.Key] = false
	}
	for key := range exportedKeys(t, everything()) {
		if _, listed := seen[key]; !listed {
			key = general(key)
		}
		if _, listed := seen[key]; !listed {
			t.Errorf("%s is not in Attributes", key)
		}
		seen[key] = true
	}
	for key, has := range seen {
		if !has {
			t.Errorf("no span has %s", key)
		}
	}
}

// general returns what stands in Attributes for one of several keys.
func general(key string) string {
	switch {
	case strings.HasPrefix(key, prefixNamespace):
		return prefixNamespace + "TYPE"
	case strings.HasPrefix(key, prefixOperation):
		return prefixOperation + "NAME"
	}
	return key
}

// exportedKeys returns the keys of all spans and span events of starts.
func exportedKeys(t *testing.T, starts []*start.Start) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, span := range recorded(t, starts...) {
		for _, a := range span.Attributes {
			keys[string(a.Key)] = true
		}
		for _, e := range span.Events {
			for _, a := range e.Attributes {
				keys[string(a.Key)] = true
			}
		}
	}
	return keys
}

// TestAttributesHaveUnits checks that each attribute is described, and each time
// with its unit.
func TestAttributesHaveUnits(t *testing.T) {
	for _, a := range Attributes() {
		isTime := strings.HasSuffix(a.Key, "_seconds") || strings.HasSuffix(a.Key, "duration")
		if a.Description == "" || isTime != strings.HasSuffix(a.Description, "in seconds") {
			t.Errorf("%s: %q", a.Key, a.Description)
		}
	}
}
