package e2e

import (
	"cmp"
	"slices"
	"testing"
	"time"
)

// setsUpNetwork are the operations that are a part of network as a whole.
var setsUpNetwork = []string{"netns", "veth", "cni", "netavark", "iptables", "proxy", "libnetwork"}

// networkParts are the operations of a start that set up its network.
func networkParts(d described) []operation {
	return slices.DeleteFunc(slices.Clone(d.Operations), func(o operation) bool {
		return !slices.Contains(setsUpNetwork, o.Name) && o.Attributes["hook"] != "libnetwork-setkey"
	})
}

// checkNetworkUnion compares a start's network with its parts. Requests of
// rtnetlink are parts too, and no operations: the union of those that are is
// the least that it can last.
func checkNetworkUnion(t *testing.T, d described) {
	t.Helper()
	parts := networkParts(d)
	all := d.operations("network")
	if len(parts) == 0 && len(all) == 0 {
		return
	}
	if len(all) != 1 || len(parts) == 0 {
		t.Fatalf("%d operations network, %d parts", len(all), len(parts))
	}
	whole, least := all[0], union(parts)
	if whole.Begin < 0 || whole.Begin+whole.Duration > d.Duration {
		t.Errorf("network from %d for %d; the start lasts %d", whole.Begin, whole.Duration, d.Duration)
	}
	last := whole.Begin
	for _, one := range parts {
		last = max(last, one.Begin+one.Duration)
		if one.Begin < whole.Begin || one.Duration > whole.Duration {
			t.Errorf("network from %d for %d; its part %s from %d for %d", whole.Begin, whole.Duration, one.Name, one.Begin, one.Duration)
		}
	}
	if first := parts[0].Begin; whole.Begin != first { // union has sorted them
		t.Errorf("network begins at %d, its first part at %d", whole.Begin, first)
	}
	if most := last - whole.Begin; whole.Duration < least || whole.Duration > most {
		t.Errorf("network lasts %d ns; the union of %d operations %d, from the first to the last %d", whole.Duration, len(parts), least, most)
	}
	t.Logf("network %v; the union of its %d operations %v", time.Duration(whole.Duration), len(parts), time.Duration(least))
}

// union is how long any of some operations was done.
func union(parts []operation) (sum int64) {
	slices.SortFunc(parts, func(a, b operation) int { return cmp.Compare(a.Begin, b.Begin) })
	var end int64
	for _, one := range parts {
		if last := one.Begin + one.Duration; last > end {
			sum += last - max(one.Begin, end)
			end = last
		}
	}
	return sum
}
