package scrape

import (
	"strings"
	"testing"
)

const text = `# TYPE starts_total counter
starts_total{engine="docker",kind="container"} 3
starts_total{engine="docker",kind="sandbox"} 1
starts_total{engine="none",kind="container"} 5
# TYPE in_progress gauge
in_progress 2
# TYPE seconds histogram
seconds_bucket{engine="none",le="1"} 4
seconds_bucket{engine="none",le="+Inf"} 7
seconds_sum{engine="none"} 9.5
seconds_count{engine="none"} 7
`

func TestSum(t *testing.T) {
	m, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		selector Labels
		want     float64
	}{
		{"starts_total", nil, 9},
		{"starts_total", Labels{"engine": "docker"}, 4},
		{"starts_total", Labels{"engine": "docker", "kind": "sandbox"}, 1},
		{"starts_total", Labels{"runtime": "runc"}, 0},
		{"in_progress", nil, 2},
		{"seconds", Labels{"engine": "none"}, 7},
		{"missing", nil, 0},
	} {
		if got := m.Sum(tc.name, tc.selector); got != tc.want {
			t.Errorf("%s%v is %v; want %v", tc.name, tc.selector, got, tc.want)
		}
	}
	if m, err := Parse(strings.NewReader("starts_total{")); err == nil {
		t.Errorf("%v; want an error", m)
	}
}
