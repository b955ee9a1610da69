package collector

import (
	"testing"

	"container_start_exporter/collector/start"
)

// TestVethEndsKeepTheirPlaces moves both ends of a pair into the container's
// network namespace and sets up one: that is the container's end, in every run.
func TestVethEndsKeepTheirPlaces(t *testing.T) {
	for range 50 {
		n := &netSetup{links: map[int]*link{
			7: {name: "a", moved: true}, 8: {name: "b", moved: true, address: "10.0.0.2/16"}, 9: {name: "c", moved: true},
		}}
		want := start.Veth{Host: "a", Container: "b", Address: "10.0.0.2/16"}
		if got := n.describe(&veth{name: "a", peer: "b"}); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if got := n.describe(&veth{name: "c", peer: "a"}); got.Container != "a" {
			t.Fatalf("%+v: if nothing distinguishes the ends, the one with the lower index is the container's", got)
		}
	}
}

// TestNetworkUnion cuts the union of what set up the network to the start.
func TestNetworkUnion(t *testing.T) {
	for _, test := range []struct {
		busy            intervals
		begin, duration int64
	}{
		{intervals{{10, 20}, {15, 30}, {40, 50}}, 10, 30},
		{intervals{{95, 120}}, 95, 5},
		{intervals{{2, 8}, {20, 30}}, 20, 10}, // the first was over when the start began
		{intervals{{2, 15}, {20, 30}}, 10, 15},
		{intervals{{50, 50}}, 50, 0},
	} {
		if begin, duration := test.busy.union(10, 100); begin != test.begin || duration != test.duration {
			t.Errorf("%v: begins at %d for %d, want %d for %d", test.busy, begin, duration, test.begin, test.duration)
		}
	}
}
