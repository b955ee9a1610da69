package e2e

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// setsUpNetwork are the names of the operations that the operation network covers.
var setsUpNetwork = []string{"netns", "veth", "cni", "netavark", "pasta", "slirp4netns", "iptables", "proxy", "libnetwork"}

// networkParts returns the operations of a start that set up its network.
func networkParts(d namedRecord) []operation {
	return slices.DeleteFunc(slices.Clone(d.Operations), func(o operation) bool {
		return !slices.Contains(setsUpNetwork, o.Name) && o.Attributes["hook"] != "libnetwork-setkey"
	})
}

// networkEvent is a kernel event, as `events` shows it, that sets up a network and
// is not an operation: an rtnetlink request, or a mount that keeps a network
// namespace.
type networkEvent struct {
	event
	Duration int64  `json:"duration"`
	LinkNS   uint64 `json:"link_ns"`
	SourceNS uint64 `json:"source_ns"`
}

// networkEvents returns the network events of a start, by the engine or by the
// container itself, with times relative to the start's begin. engineNS is the
// engine's network namespace: events of other processes there belong to other
// containers.
func networkEvents(t *testing.T, lines *host.Process, d namedRecord, engineNS uint64, engine string) []operation {
	t.Helper()
	var end int64
	find := func(e networkEvent) bool {
		if e.Kind == "exec" && e.PID == d.PID && e.Ret >= 0 {
			end = e.Time // the last exec is the entrypoint's
		}
		return end != 0
	}
	var all []networkEvent
	host.WaitFor(t, 20*time.Second, "the entrypoint's exec among the events", func() bool {
		all = decodeLines[networkEvent](t, lines.Stdout.String())
		return slices.ContainsFunc(all, find)
	}, lines.Stderr.String)
	var found []operation
	for _, e := range all {
		begin := e.Time - e.Duration - (end - d.Duration)
		own := e.LinkNS == d.Namespaces["net"] || e.SourceNS == d.Namespaces["net"]
		if (own || e.LinkNS == engineNS && e.Comm == engine && e.Kind == "netlink") && e.Ret >= 0 && e.Kind != "link" && begin >= 0 && e.Time <= end {
			found = append(found, operation{Name: e.Kind, Begin: begin, Duration: e.Duration})
		}
	}
	return found
}

// checkNetworkUnion compares a start's operation network with the union of its
// parts: operations, and events that are not operations.
func checkNetworkUnion(t *testing.T, d namedRecord, events []operation) {
	t.Helper()
	parts, all := networkParts(d), d.operations("network")
	if len(parts) == 0 && len(all) == 0 {
		return
	}
	if len(all) != 1 || len(parts) == 0 {
		t.Fatalf("%d operations network, %d parts", len(all), len(parts))
	}
	whole := all[0]
	if whole.Begin < 0 || whole.Begin+whole.Duration > d.Duration {
		t.Errorf("network from %d for %d; the start lasts %d", whole.Begin, whole.Duration, d.Duration)
	}
	for _, one := range parts {
		if one.Begin < whole.Begin || one.Duration > whole.Duration {
			t.Errorf("network from %d for %d; its part %s from %d for %d", whole.Begin, whole.Duration, one.Name, one.Begin, one.Duration)
		}
	}
	begin, sum := union(append(parts, events...))
	if !near(time.Duration(sum), whole.Duration) || !near(time.Duration(begin), whole.Begin) {
		t.Errorf("network from %d for %d; the union of %d operations and %d events is from %d for %d",
			whole.Begin, whole.Duration, len(parts), len(events), begin, sum)
	}
	t.Logf("network %v; the union of %d operations and %d events %v", time.Duration(whole.Duration), len(parts), len(events), time.Duration(sum))
}

// union returns when the first of some operations began, and for how long at least
// one was in progress.
func union(parts []operation) (begin, sum int64) {
	slices.SortFunc(parts, func(a, b operation) int { return cmp.Compare(a.Begin, b.Begin) })
	begin = parts[0].Begin
	end := begin
	for _, one := range parts {
		if last := one.Begin + one.Duration; last > end {
			sum += last - max(one.Begin, end)
			end = last
		}
	}
	return begin, sum
}
